"""What the owner was last told of a stack's backups, kept in a file beside the journal."""

from pathlib import Path

from homebackup.model.last_told import LastTold
from homebackup.model.steps import Write
from homebackup.world import journal, local_files
from homebackup.world.errors import Refused


class LastToldFile:
    """The file of one stack; it is replaced at once and on the disk before it counts."""

    def __init__(self, folder: Path, stack: str) -> None:
        self.path = journal.place(folder).absolute().with_name(f"told-{stack}.json")
        self._text: bytes | None = None

    async def read(self) -> LastTold:
        """What it says; raises Refused where it cannot be read or was damaged."""
        self._text = await local_files.read(self.path)
        try:
            return LastTold.read(self._text)
        except ValueError:
            raise Refused(
                str(self.path),
                "it is damaged, so what was told already is not known",
                "all that is not well is told anew",
            ) from None

    async def keep(self, told: LastTold) -> None:
        """Replace what was read; raises Changed where another process did so meanwhile, and Refused."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(
                str(self.path), f"it cannot be written ({error.strerror})", "correct its permissions"
            ) from None
        await local_files.perform(Write(str(self.path), self._text, told.text(), mode=0o600, here=True), Path())
        self._text = told.text()
