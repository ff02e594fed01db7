"""A file in the owner's repository, on this machine: read, and replaced at once when it is still what was expected."""

import asyncio
import contextlib
import os
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from homebackup.model.steps import Write
from homebackup.world.errors import Busy, Changed, Refused
from homebackup.world.file_lock import lock

PATIENCE = 20.0
"""Seconds to wait while another process replaces a file of the same directory; it takes milliseconds."""


async def read(path: Path) -> bytes | None:
    """The file's bytes, None when there is none; raises Refused for what is no file or cannot be read."""
    return await asyncio.to_thread(_read, path)


async def perform(step: Write, folder: Path) -> None:
    """Carry out a step whose path counts from the project's folder.

    A link is followed, so that the file it leads to is replaced; a new file gets the directories it needs, an existing
    one keeps its mode and owner. Raises Changed when the bytes are not those that were expected, Busy when another
    process holds the directory, and Refused when the file cannot be written; then it is as it was.
    """
    path = folder / step.path
    target = Path(await asyncio.to_thread(os.path.realpath, path))
    try:
        if step.before is None:
            await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
        async with _alone(target.parent, path):
            await asyncio.to_thread(_replace, path, target, step)
    except OSError as error:
        raise _refused(path, error) from None


@contextlib.asynccontextmanager
async def _alone(parent: Path, path: Path) -> AsyncIterator[None]:
    """The directory locked, which leaves no lock file behind in the owner's repository."""
    opened = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            await lock(opened, PATIENCE)
        except TimeoutError:
            raise Busy(
                str(path),
                "another homebackup is changing files in its directory at this moment",
                "wait until it has ended and run this again",
            ) from None
        yield
        await asyncio.to_thread(os.fsync, opened)
    finally:
        os.close(opened)


def _read(path: Path) -> bytes | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            raise Refused(str(path), "it is no file", "name another one")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(path, error) from None


def _replace(path: Path, target: Path, step: Write) -> None:
    _expect(path, target, step)
    if step.after is None:
        target.unlink(missing_ok=True)
        return
    with _beside(target) as (opened, fresh):
        with os.fdopen(opened, "wb") as file:
            file.write(step.after)
            file.flush()
            _like(target, file.fileno(), step.mode)
            os.fsync(file.fileno())
        _expect(path, target, step)
        fresh.replace(target)


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[tuple[int, Path]]:
    """A new file in the same directory, which is gone afterwards unless it took the other's place.

    So is one that a killed run left: the lock says that nobody works on it.
    """
    prefix = f".{target.name}.homebackup."
    for left in [file for file in target.parent.iterdir() if file.name.startswith(prefix)]:
        left.unlink(missing_ok=True)
    opened, name = tempfile.mkstemp(prefix=prefix, dir=target.parent)
    try:
        yield opened, Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _like(target: Path, opened: int, mode: int) -> None:
    """Give the new file the mode of the old one, and its owner as far as this process may."""
    try:
        old = target.stat()
    except FileNotFoundError:
        os.fchmod(opened, mode)
        return
    fresh = os.fstat(opened)
    if (old.st_uid, old.st_gid) != (fresh.st_uid, fresh.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(opened, old.st_uid, old.st_gid)
    os.fchmod(opened, stat.S_IMODE(old.st_mode))


def _expect(path: Path, target: Path, step: Write) -> None:
    if _read(target) != step.before:
        raise Changed(
            str(path),
            "somebody changed it while this ran",
            "nothing was overwritten; run this again to start from what is there now",
        )


def _refused(path: Path, error: OSError) -> Refused:
    said = f"{error.strerror or error}"
    if isinstance(error, FileNotFoundError):
        return Refused(str(path), "its directory is not there", "make it, or correct the path in the stack")
    return Refused(str(path), f"it cannot be read or written ({said})", "correct that; the file is as it was")
