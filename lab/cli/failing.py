"""How commands fail: the text on standard error, and the exit code, which is whatever errno was left behind."""

import errno
import re
from collections.abc import Mapping

FAILED = 255
LEFTOVERS = [
    (r"No '\w+' handler defined for ", errno.EPERM),
    (r"hostname lookup ", errno.EAGAIN),
    (r"(?s).*is not online\n$", errno.EPERM),
    (r"(?s).*/sbin/showmount .* failed: exit code", errno.EPERM),
    (r"(?s)400 Parameter verification failed\.\nupid: no such task", errno.ENOENT),
    (r"Configuration file .* does not exist", errno.ENOENT),
    (r"volume '.*' does not exist", errno.ENOENT),
    (r"volume_size_info on ", errno.ENOENT),
    (r"can't find file ", errno.ENOENT),
    (r"VM \d+ already exists on node ", errno.ENOENT),
    (r"unable to restore VM \d+ - close \(rename\) atomic file .* failed: File exists", errno.EEXIST),
    (r"VM \d+ is running - destroy failed", errno.ENOTTY),
    (r"ERROR: archive contains no configuration file", errno.ECHILD),
]
"""What the last system call before an error of this text had failed with (recorded); everything else gives 255."""


def exit_code(text: str) -> int:
    """The exit code of a command that ends with this text."""
    return next((code for pattern, code in LEFTOVERS if re.match(pattern, text)), FAILED)


class CommandFailed(Exception):
    """Ends a command: `text` goes to standard error, with the command's usage where `usage` is set."""

    def __init__(self, text: str, code: int | None = None, *, usage: bool = False) -> None:
        super().__init__(text)
        self.text = text if text.endswith("\n") or not text else text + "\n"
        self.code = exit_code(self.text) if code is None else code
        self.usage = usage


def parameters(errors: Mapping[str, str]) -> CommandFailed:
    """The failure of a call whose parameters were refused."""
    lines = "".join(f"{key}: {text}\n" for key, text in errors.items())
    return CommandFailed(f"400 Parameter verification failed.\n{lines}", usage=True)
