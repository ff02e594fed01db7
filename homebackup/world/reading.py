"""Archives read on the host: a few bytes of many, or one to its end at a bounded rate."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Sequence

from homebackup.model.backups.archive import Archive
from homebackup.model.backups.dump_listing import FUNCTIONS
from homebackup.model.backups.reading import (
    LISTED,
    NEAR,
    PIECE,
    SAMPLES,
    STUCK,
    read_samples,
    whole_script,
)
from homebackup.model.backups.sample import HEAD, TAIL, Sample
from homebackup.model.backups.whole import Whole, progress, read_whole
from homebackup.model.seen import Unseen
from homebackup.world.host import Host
from pverules.archive_name import ArchiveName

AT_ONCE = 6
"""Archives whose samples are brought by one command: some 5 MiB in base64."""
LONGEST = 40.0
"""Seconds that a sample of one archive takes at most, by the deadlines in the script."""


class Reader:
    """Reads the archives below one mount of one host; `nas` is the address that has to answer."""

    def __init__(self, host: Host, mount: str, nas: str, *, rate: float, piece: int = PIECE) -> None:
        """`rate` is in bytes a second, for what is read to its end."""
        self._host, self._mount, self.nas = host, mount, nas
        self._rate, self._piece = rate, piece

    async def samples(self, archives: Sequence[Archive]) -> list[Sample | Unseen]:
        """A few bytes of each of at most AT_ONCE archives; raises Unreachable and its kin."""
        files = [f"{archive.folder}/{archive.name}" for archive in archives]
        ask = shlex.join(["samples", self._mount, self.nas, str(HEAD), str(TAIL), str(LISTED), *files])
        script = "\n".join([FUNCTIONS, NEAR, SAMPLES, ask])
        ran = await self._host.run("sh -s", stdin=script.encode(), timeout=LONGEST * len(files) + 15)
        return read_samples(ran.text, len(archives), self.nas)

    async def whole(self, archive: Archive, hear: Callable[[int], None]) -> Whole | Unseen:
        """One archive read to its end; `hear` is told how many bytes of it were read so far. Raises Unreachable."""
        pieces, pause = math.ceil(archive.size / self._piece), self._piece / self._rate
        numbers = (pieces, self._piece, f"{pause:.3f}", STUCK)
        words = [self._mount, self.nas, f"{archive.folder}/{archive.name}", *map(str, numbers)]
        script = f"{FUNCTIONS}\n{whole_script(ArchiveName.parse(archive.name))}"
        said = ""

        def listen(data: bytes) -> None:
            nonlocal said
            said = (said + data.decode("ascii", "replace"))[-200:]
            hear(min(archive.size, progress(said) * self._piece))

        ran = await self._host.run(
            shlex.join(["nice", "-n", "19", "sh", "-s", "--", *words]),
            stdin=script.encode(),
            timeout=pieces * (STUCK + pause) + 120,
            hear=listen,
        )
        return read_whole(ran.text, self.nas)
