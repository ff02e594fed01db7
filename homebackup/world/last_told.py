"""What the owner was last told of a stack's backups, kept in a file beside the journal."""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from homebackup.model.last_told import LastTold
from homebackup.model.steps import Write
from homebackup.world import journal, local_files
from homebackup.world.errors import Busy, Refused
from homebackup.world.file_lock import lock

PATIENCE = 600.0
"""Seconds to wait for another run, which may be waiting for a slow site."""


class LastToldFile:
    """The file of one stack; it is replaced at once, and on the disk when that is done."""

    def __init__(self, folder: Path, stack: str) -> None:
        self.path = journal.place(folder).absolute().with_name(f"told-{stack}.json")
        self._text: bytes | None = None

    @contextlib.asynccontextmanager
    async def alone(self, patience: float = PATIENCE) -> AsyncIterator[None]:
        """No other run tells meanwhile, so that nothing is told twice; raises Busy and Refused."""
        place = self.path.with_suffix(".lock")
        try:
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            opened = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Refused(str(place), f"it cannot be opened ({error.strerror})", "correct its permissions") from None
        try:
            try:
                await lock(opened, patience)
            except TimeoutError:
                raise Busy(str(place), "another homebackup notify still runs", "see why it does not end") from None
            yield
        finally:
            os.close(opened)

    async def read(self) -> LastTold:
        """What it says; raises Refused where it cannot be read or is damaged."""
        self._text = await local_files.read(self.path)
        try:
            return LastTold.read(self._text)
        except ValueError:
            said = "it is damaged, so what was told already is not known"
            raise Refused(str(self.path), said, "nothing has to be done: all that is not well is told anew") from None

    async def keep(self, told: LastTold) -> None:
        """Replace what was read; raises Changed where somebody else did so meanwhile, and Refused."""
        text = told.text()
        await local_files.perform(Write(str(self.path), self._text, text, mode=0o600, here=True), self.path.parent)
        self._text = text
