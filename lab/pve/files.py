"""The configuration files of a node: text in the root directory, parsed again only when the text has changed."""

from collections.abc import Callable
from hashlib import sha1
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from lab.node.root import Root

Parsed = TypeVar("Parsed")

STORAGE = "/etc/pve/storage.cfg"
JOBS = "/etc/pve/jobs.cfg"
USERS = "/etc/pve/user.cfg"
TOKENS = "/etc/pve/priv/token.cfg"
VZDUMP = "/etc/vzdump.conf"


class Files:
    """Text files of the node. Every read sees what an operator wrote over ssh a moment ago."""

    def __init__(self, root: "Root") -> None:
        self.root = root
        self._parsed: dict[tuple[str, Any], tuple[bytes, Any]] = {}

    def raw(self, path: str) -> bytes | None:
        """The bytes of the file, None where it does not exist."""
        try:
            return self.root.read(path)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def text(self, path: str) -> str:
        """The text of the file, empty where it does not exist."""
        return (self.raw(path) or b"").decode("utf-8", "replace")

    def digest(self, path: str) -> str:
        """SHA-1 of the file in lower-case hex, as every `digest` of the API is."""
        return sha1(self.raw(path) or b"", usedforsecurity=False).hexdigest()

    def parsed(self, path: str, parse: Callable[[str], Parsed]) -> Parsed:
        """`parse(text)` of the file, kept until the text changes: do not modify what comes back."""
        raw = self.raw(path) or b""
        known = self._parsed.get((path, parse))
        if known is None or known[0] != raw:
            known = raw, parse(raw.decode("utf-8", "replace"))
            self._parsed[path, parse] = known
        return known[1]

    def write(self, path: str, text: str) -> None:
        """Write the file, with its folder where that is missing."""
        folder = path.rpartition("/")[0]
        if not self.root.exists(folder):
            self.root.mkdir(folder, parents=True)
        self.root.write(path, text.encode())

    def keep(self, path: str, text: str, parse: Callable[[str], Parsed], value: Parsed) -> None:
        """Write the file and know already what `parse(text)` is: a big file is not read again after each change."""
        self.write(path, text)
        self._parsed[path, parse] = text.encode(), value

    def remove(self, path: str) -> None:
        """Remove the file if it exists."""
        if self.root.exists(path):
            self.root.unlink(path)
