"""`homebackup verify`: whether archives are what their names say, by a few bytes of each or by all of them."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from homebackup.assess.amounts import size
from homebackup.assess.verifying import Checked, in_order, is_due, kept, looked, newest, read_through
from homebackup.commands import ending
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.printing import document, say
from homebackup.commands.progress import aside, bars
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.reading import away
from homebackup.model.backups.soundness import BAD, GOOD, UNKNOWN
from homebackup.model.backups.verification import QUICK, Verified
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.world.dump import dump_of
from homebackup.world.errors import Missing
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.reading import AT_ONCE, Reader
from homebackup.world.stack import Stack as Declared
from homebackup.world.verified import keep, place, results

MIB = 1 << 20
COLUMNS = (
    TextColumn("{task.description}", markup=False),
    BarColumn(),
    DownloadColumn(binary_units=True),
    TransferSpeedColumn(),
    TimeRemainingColumn(),
)
"""What the progress of a deep check shows."""

Guests = Annotated[list[str] | None, typer.Argument(help="VMIDs or names of guests; all of them unless named.")]
Deep = Annotated[bool, typer.Option("--deep", help="Read archives to their end, those not yet read so.")]
Newest = Annotated[bool, typer.Option("--newest", help="Only the newest archive of each guest.")]
Again = Annotated[bool, typer.Option("--again", help="With --deep: also those that were read to their end and good.")]
Rate = Annotated[float, typer.Option("--rate", min=1.0, help="With --deep: MiB a second at most.")]


def verb(
    guests: Guests = None,
    deep: Deep = False,
    newest: Newest = False,
    again: Again = False,
    rate: Rate = 50.0,
    stack: Stack = None,
    cwd: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Say whether archives are whole, and of the guest in their name.

    Exits 0 when all are good, 2 when one of a critical guest is bad, 1 when another is, 3 when one cannot be read.
    """
    verifying = Verifying(guests or (), deep=deep, only_newest=newest, again=again, rate=rate * MIB, as_json=as_json)
    ending.run(verifying.of(PulumiCli(cwd, stack)))


class Verifying:
    """One run of the verb."""

    def __init__(
        self,
        guests: Iterable[str] = (),
        *,
        deep: bool = False,
        only_newest: bool = False,
        again: bool = False,
        rate: float = 50.0 * MIB,
        as_json: bool = False,
    ) -> None:
        """`rate` is in bytes a second."""
        self._guests = frozenset(guests)
        self._deep, self._newest, self._again, self._rate, self._json = deep, only_newest, again, rate, as_json
        self._found: dict[str, Checked] = {}
        self._known: list[Verified] = []
        self._zone = ZoneInfo("UTC")
        self._file = Path()

    async def of(self, pulumi: PulumiCli) -> int:
        """Verify what a stack's storage holds, keep what is found, and say it; the exit code."""
        declared = await Declared.of(pulumi)
        site, live = declared.site, LiveSite(declared.connection)
        self._file = place(declared.folder)
        self._known = results(self._file)
        try:
            dump, self._zone = await dump_of(site, live)
            if isinstance(dump, Unseen):
                say(f"unknown: {dump}", err=True)
                return ending.UNKNOWN
            archives = self._chosen(site, dump)
            reader = Reader(live.host, site.mount.target, site.nas.address, rate=self._rate)
            ended = await self._quickly(site, archives, reader)
            if self._deep and ended:
                ended = await self._through(reader)
        finally:
            await live.close()
        return self._end(site, len(archives), None if ended else away(reader.nas))

    def _chosen(self, site: Site, dump: Dump) -> list[Archive]:
        """The archives that are asked for, in the order in which they are read; raises Missing."""
        names = {str(vmid): vmid for vmid in (*site.guests, *(archive.vmid for archive in dump.archives))}
        names |= {guest.name: vmid for vmid, guest in site.guests.items()}
        if strange := sorted(self._guests - names.keys()):
            raise Missing(f"guest {strange[0]}", "the site has none of that VMID or name", "see homebackup status")
        wanted = {names[guest] for guest in self._guests}
        archives = [archive for archive in dump.archives if not wanted or archive.vmid in wanted]
        return in_order(newest(archives) if self._newest else archives)

    async def _quickly(self, site: Site, archives: Sequence[Archive], reader: Reader) -> bool:
        """Look at both ends of each; whether the NAS answered till the end."""
        for at in range(0, len(archives), AT_ONCE):
            some = archives[at : at + AT_ONCE]
            for archive, sample in zip(some, await reader.samples(some), strict=True):
                if sample == away(reader.nas):
                    return False
                name = site.guests[archive.vmid].name if archive.vmid in site.guests else None
                await self._take(looked(archive, sample, name, self._known))
        return True

    async def _through(self, reader: Reader) -> bool:
        """Read to their end those that are due, one after the other; whether the NAS answered till the end."""
        quick = list(self._found.values())
        due = [one for one in quick if is_due(one, self._known) or (self._again and one.state == GOOD)]
        with bars(*COLUMNS) as bar:
            task, done = bar.add_task("", total=sum(one.archive.size for one in due)), 0
            for before in due:
                bar.update(task, description=before.archive.name)
                whole = await reader.whole(before.archive, partial(_show, bar, task, done))
                if whole == away(reader.nas):
                    return False
                with aside(bar):
                    await self._take(read_through(before, whole, self._known))
                done += before.archive.size
        return True

    async def _take(self, checked: Checked) -> None:
        """Keep what was found and say it."""
        self._found[checked.archive.name] = checked
        if checked.state != UNKNOWN:
            await keep(self._file, [kept(checked, self._known, time.time())])
        if not self._json:
            say(checked.line(self._zone))

    def _end(self, site: Site, total: int, lost: Unseen | None) -> int:
        """Say what it comes to; the exit code."""
        found = list(self._found.values())
        counts = Counter(checked.state for checked in found)
        bad = {checked.archive.vmid for checked in found if checked.state == BAD}
        missed = [checked for checked in found if checked.state == UNKNOWN]
        if self._json:
            unknown = [f"{one.archive.name}: {one.said}" for one in missed]
            document("archives", [data(one) for one in found], [*unknown, *([str(lost)] if lost else [])])
        else:
            if lost:
                say(f"unknown: {lost}", err=True)
            parts = [f"{counts[state]} {state}" for state in (GOOD, BAD, UNKNOWN) if counts[state]] or ["none there"]
            read = size(sum(checked.read for checked in found))
            left = f" of {total}" if len(found) < total else ""
            noun = "archive" if total == 1 else "archives"
            say(f"{len(found)}{left} {noun} looked at: {', '.join(parts)}; {read} read")
            if self._deep and not lost and counts[GOOD] and all(one.depth == QUICK for one in found):
                say("Those that are good were read to their end before; --again reads them once more.")
        if any(vmid not in site.guests or site.guests[vmid].classification == "critical" for vmid in bad):
            return ending.CRITICAL
        return ending.TROUBLE if bad else ending.UNKNOWN if missed or lost else ending.WELL


def _show(bar: Progress, task: TaskID, done: int, count: int) -> None:
    bar.update(task, completed=done + count)


def data(checked: Checked) -> dict[str, Any]:
    """What was found of one archive, for JSON."""
    archive, holds = checked.archive, checked.holds
    return {
        "storage": archive.storage,
        "name": archive.name,
        "vmid": archive.vmid,
        "size": archive.size,
        "depth": checked.depth,
        "state": checked.state,
        "said": checked.said,
        "remedy": checked.remedy,
        "guest": holds.name if holds else None,
        "made": holds.made if holds else None,
        "disks": dict(holds.disks) if holds else {},
        "notes": checked.notes,
        "digest": checked.digest,
        "sha256": checked.sha256,
        "read": checked.read,
    }
