"""The archives that an entry of the inventory waits for: how the node's zone and the kinds of mounts are met."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from homebackup.model.backups.archive import Dump
from homebackup.model.backups.sample import HEAD, SHORT_TAIL
from homebackup.model.backups.soundness import BAD, GOOD, UNKNOWN
from homebackup.world.archives import Archives
from homebackup.world.errors import Unreachable
from homebackup.world.session import Ran
from pverules.archive_name import ArchiveName
from tests.cases.test_integrity import VM, machine

FOLDER = "/mnt/nas/dump"
FACE = ArchiveName.parse(VM).epoch(ZoneInfo("UTC"))
"""The time in the archive's name, by the wall clock."""


@dataclass
class PlayedHost:
    """A host whose answers are made up; it keeps the scripts it was sent."""

    data: bytes
    mount: str = "10.0.0.150:/export nfs4"
    ahead: str = "+0100"
    away: bool = False
    scripts: list[str] = field(default_factory=list)

    async def run(self, command: str, *, stdin: bytes = b"", timeout: float) -> Ran:
        if not stdin:
            return Ran(0, self._listing(), b"")
        self.scripts.append(stdin.decode())
        if self.away:
            raise Unreachable("host pve", "it does not answer", "switch it on")
        lines = [str(len(self.data)), _encoded(self.data[:HEAD]), _encoded(self.data[-SHORT_TAIL:]), "", "end 0", ""]
        return Ran(0, "\n".join(lines).encode(), b"")

    def _listing(self) -> bytes:
        source, fstype = self.mount.split()
        table = f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 0:40 / /mnt/nas rw shared:1 - {fstype} {source} rw\n"
        rows = [b"space 4096 10 5 5", b"0 d 4096 1.0 ", f"1 f {len(self.data)} 1.0 {VM}".encode(), b"end 0", b""]
        clock = f"2026-11-22T12:00:00{self.ahead}"
        return b"\n".join([clock.encode(), b"", _encoded(table.encode()).encode(), b"\0".join(rows)])


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def checked(host: PlayedHost) -> tuple[str, str]:
    """State and reason of the one archive that the host has; asked twice, it is read once."""
    played: Any = host
    archives = Archives(played)
    dump = await archives.of(FOLDER, 0)
    assert isinstance(dump, Dump)
    (archive,) = dump.archives
    assert archive.time == FACE
    found = await archives.checked(archive, 0)
    assert await archives.checked(archive, 0) == found
    assert len(host.scripts) == 1
    return found.state, found.said


@pytest.mark.parametrize(("ahead", "hours"), [("+0000", 0), ("+0100", 1), ("+1300", 13), ("-1100", -11)])
async def test_the_time_inside_is_compared_in_the_zone_of_the_node(ahead: str, hours: int) -> None:
    assert await checked(PlayedHost(machine(made=FACE - hours * 3600), ahead=ahead)) == (GOOD, "")
    state, said = await checked(PlayedHost(machine(made=FACE - (hours + 8) * 3600), ahead=ahead))
    assert (state, said[:34]) == (BAD, "it holds a backup that was made at")


@pytest.mark.parametrize(
    ("mount", "words", "near"),
    [
        ("10.0.0.150:/export nfs4", "samples /mnt/nas 10.0.0.150 ", '" $1 nfs"'),
        ("[fd00::1]:/export nfs", "samples /mnt/nas fd00::1 ", '" $1 nfs"'),
        ("//10.0.0.150/share cifs", "samples /mnt/nas 10.0.0.150 ", "445"),
        ("/dev/sdb1 ext4", "samples /mnt/nas '' ", "near() { :; }"),
    ],
)
async def test_a_file_is_touched_only_when_its_server_answers(mount: str, words: str, near: str) -> None:
    host = PlayedHost(machine(made=FACE - 3600), mount)
    assert await checked(host) == (GOOD, "")
    (script,) = host.scripts
    assert script.splitlines()[-1].startswith(words)
    assert near in script


async def test_a_host_that_went_away_leaves_it_unknown() -> None:
    assert await checked(PlayedHost(b"x", away=True)) == (UNKNOWN, "host pve: it does not answer")
