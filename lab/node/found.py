"""A file that `find` met, and what its `-printf` says of it."""

import re
import stat
from collections.abc import Callable
from datetime import datetime

from lab.node.commands.listing import GROUP_NAMES, USER_NAMES
from lab.node.inodes import Stat
from lab.node.process import Process

TYPES = {"f": stat.S_IFREG, "d": stat.S_IFDIR, "l": stat.S_IFLNK}
_LETTERS = {kind: letter for letter, kind in TYPES.items()}
_DIRECTIVE = re.compile(r"%(?:T([^@])|([TC]@)|([A-Za-z])|(%))")
Found = tuple[str, str, str, Stat, int]
"""(shown path, absolute path, starting point, attributes, depth)."""


def printed(proc: Process, form: str, found: Found) -> str:
    """What `-printf` with this format prints of a file."""
    shown, path, start, attributes, depth = found

    def local() -> datetime:
        return proc.clock.local(attributes.st_mtime)

    values: dict[str, Callable[[], object]] = {
        "p": lambda: shown,
        "P": lambda: shown[len(start) :].lstrip("/"),
        "f": lambda: shown.rstrip("/").rpartition("/")[2] or "/",
        "h": lambda: shown.rpartition("/")[0] or ".",
        "s": lambda: attributes.st_size,
        "m": lambda: f"{attributes.st_mode & 0o7777:o}",
        "M": lambda: stat.filemode(attributes.st_mode),
        "u": lambda: USER_NAMES.get(attributes.st_uid, attributes.st_uid),
        "g": lambda: GROUP_NAMES.get(attributes.st_gid, attributes.st_gid),
        "U": lambda: attributes.st_uid,
        "G": lambda: attributes.st_gid,
        "T@": lambda: f"{attributes.st_mtime:.10f}",
        "y": lambda: _LETTERS.get(stat.S_IFMT(attributes.st_mode), "f"),
        "d": lambda: depth,
        "i": lambda: attributes.st_ino,
        "n": lambda: attributes.st_nlink,
        "k": lambda: -(-attributes.st_blocks // 2),
        "t": lambda: local().strftime("%a %b %e %H:%M:%S.%f0000 %Y"),
        "l": lambda: proc.root.readlink(path) if stat.S_ISLNK(attributes.st_mode) else "",
        "C@": lambda: f"{attributes.st_ctime:.10f}",
        "b": lambda: attributes.st_blocks,
    }
    form = form.replace("\\0", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")
    return _DIRECTIVE.sub(
        lambda m: (
            local().strftime("%" + m[1]) if m[1] else "%" if m[4] else str(values.get(m[2] or m[3], lambda: "?")())
        ),
        form,
    )
