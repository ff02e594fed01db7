"""Whole directories of the node at once: walk and remove."""

import stat
from collections.abc import Iterator

from lab.node.inodes import Stat
from lab.node.root import Root


def walk(root: Root, path: str) -> Iterator[tuple[str, Stat]]:
    """Every (path, attributes) from `path` down, a directory before what is in it; symlinks are not followed."""
    found = root.stat(path, follow=False)
    yield path, found
    if stat.S_ISDIR(found.st_mode):
        for name in root.listdir(path):
            yield from walk(root, f"{path.rstrip('/')}/{name}")


def remove(root: Root, path: str) -> None:
    """Remove a file or a directory with all in it, never through a symlink; raises the first OSError."""
    if not stat.S_ISDIR(root.stat(path, follow=False).st_mode):
        root.unlink(path)
        return
    for name in root.listdir(path):
        remove(root, f"{path.rstrip('/')}/{name}")
    root.rmdir(path)
