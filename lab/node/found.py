"""A file that `find` met, and what its `-printf` says of it."""

import re
import stat
from collections.abc import Callable
from datetime import datetime
from functools import cache

from lab.node.commands.listing import GROUP_NAMES, USER_NAMES
from lab.node.inodes import Stat
from lab.node.process import Process

TYPES = {"f": stat.S_IFREG, "d": stat.S_IFDIR, "l": stat.S_IFLNK}
_LETTERS = {kind: letter for letter, kind in TYPES.items()}
_DIRECTIVE = re.compile(r"%(?:T([^@])|([TC]@)|([A-Za-z])|(%))")
Found = tuple[str, str, str, Stat, int]
"""(shown path, absolute path, starting point, attributes, depth)."""


def _local(proc: Process, found: Found) -> datetime:
    return proc.clock.local(found[3].st_mtime)


_VALUES: dict[str, Callable[[Process, Found], object]] = {
    "p": lambda proc, found: found[0],
    "P": lambda proc, found: found[0][len(found[2]) :].lstrip("/"),
    "f": lambda proc, found: found[0].rstrip("/").rpartition("/")[2] or "/",
    "h": lambda proc, found: found[0].rpartition("/")[0] or ".",
    "s": lambda proc, found: found[3].st_size,
    "m": lambda proc, found: f"{found[3].st_mode & 0o7777:o}",
    "M": lambda proc, found: stat.filemode(found[3].st_mode),
    "u": lambda proc, found: USER_NAMES.get(found[3].st_uid, found[3].st_uid),
    "g": lambda proc, found: GROUP_NAMES.get(found[3].st_gid, found[3].st_gid),
    "U": lambda proc, found: found[3].st_uid,
    "G": lambda proc, found: found[3].st_gid,
    "T@": lambda proc, found: f"{found[3].st_mtime:.10f}",
    "y": lambda proc, found: _LETTERS.get(stat.S_IFMT(found[3].st_mode), "f"),
    "d": lambda proc, found: found[4],
    "i": lambda proc, found: found[3].st_ino,
    "n": lambda proc, found: found[3].st_nlink,
    "k": lambda proc, found: -(-found[3].st_blocks // 2),
    "t": lambda proc, found: _local(proc, found).strftime("%a %b %e %H:%M:%S.%f0000 %Y"),
    "l": lambda proc, found: proc.root.readlink(found[1]) if stat.S_ISLNK(found[3].st_mode) else "",
    "C@": lambda proc, found: f"{found[3].st_ctime:.10f}",
    "b": lambda proc, found: found[3].st_blocks,
}
"""What each directive stands for."""


@cache
def _parts(form: str) -> tuple[str | Callable[[Process, Found], object], ...]:
    """A format as literal text and what to put between."""
    form = form.replace("\\0", "\0").replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")
    parts: list[str | Callable[[Process, Found], object]] = []
    end = 0
    for directive in _DIRECTIVE.finditer(form):
        parts.append(form[end : directive.start()])
        end = directive.end()
        if time := directive[1]:
            parts.append(lambda proc, found, time=time: _local(proc, found).strftime("%" + time))  # type: ignore[misc]
        elif directive[4]:
            parts.append("%")
        else:
            parts.append(_VALUES.get(directive[2] or directive[3], lambda proc, found: "?"))
    return (*parts, form[end:])


def printed(proc: Process, form: str, found: Found) -> str:
    """What `-printf` with this format prints of a file."""
    return "".join(part if isinstance(part, str) else str(part(proc, found)) for part in _parts(form))
