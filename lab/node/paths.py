"""Path resolution of the simulated node: component by component, symlinks and `..` never leave the root."""

import errno
import os
import stat
from collections.abc import Callable

MAX_LINKS = 40


def split(path: str) -> list[str]:
    """The components of a path; raises OSError for what no kernel takes."""
    if not path:
        raise fault(errno.ENOENT, path)
    if "\0" in path:
        raise fault(errno.EINVAL, path.replace("\0", "?"))
    if len(path) > 4095 or any(len(os.fsencode(part)) > 255 for part in path.split("/")):
        raise fault(errno.ENAMETOOLONG, path)
    return [part for part in path.split("/") if part not in ("", ".")]


def fault(number: int, path: str) -> OSError:
    """The OSError (of its proper subclass) that the kernel would report for `path`."""
    return OSError(number, os.strerror(number), path)


def canonical(path: str, real: Callable[[str], str | None], *, follow: bool) -> str:
    """The absolute path without symlinks, `.` and `..`; components that do not exist are kept as they are.

    `real` gives the real file behind a canonical path, or None for a mount point, which is a directory
    without asking (asking might mean asking a server). With `follow` false a symlink in last place stays.
    Raises ELOOP, ENOTDIR, and ENOENT for `..` after something missing.
    """
    pending, done, links, missing = split(path), list[str](), 0, False
    directory = path.endswith(("/", "/."))
    while pending:
        name = pending.pop(0)
        if name == "..":
            if missing:
                raise fault(errno.ENOENT, path)
            done = done[:-1]
            continue
        done.append(name)
        there = None if missing else real("/" + "/".join(done))
        if there is None:
            continue
        try:
            mode = os.lstat(there).st_mode
        except FileNotFoundError:
            missing = True
            continue
        if stat.S_ISLNK(mode) and (pending or follow or directory):
            links += 1
            if links > MAX_LINKS:
                raise fault(errno.ELOOP, path)
            target = os.readlink(there)
            done = [] if target.startswith("/") else done[:-1]
            pending = split(target) + pending
        elif not stat.S_ISDIR(mode) and (pending or directory):
            raise fault(errno.ENOTDIR, path)
    return "/" + "/".join(done)
