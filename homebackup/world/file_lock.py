"""Waiting for a lock on an opened file or directory, which ends with the process that holds it."""

import asyncio
import fcntl


async def lock(opened: int, patience: float) -> None:
    """Hold it alone when this returns; raises TimeoutError when others held it for so many seconds."""
    async with asyncio.timeout(patience):
        while not _taken(opened):  # noqa: ASYNC110 -- no event tells of a lock that another process lets go
            await asyncio.sleep(0.01)


def _taken(opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
