"""What becomes of archives, as lines: which there will be, how far back they reach, what the storage needs."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import clock, size, span
from homebackup.assess.forecast import Forecast, Transfer
from homebackup.assess.jobs import spelled_schedule
from homebackup.assess.outlook import Outlook
from homebackup.assess.retention import Copy
from homebackup.model.plain import plain_line
from pverules.local_time import wall_at

MOST = 24
"""Archives of a guest that are listed one by one; of more, only the newest and the oldest."""


def text(
    name: str,
    told: Sequence[Outlook],
    needs: Iterable[Forecast],
    times: Iterable[Transfer],
    zone: ZoneInfo,
    now: float,
    *,
    width: int = 80,
) -> str:
    """The lines; `name` is the site's. Guests of a job whose archives are alike are shown together."""
    last = told[0].days[-1].day if told else wall_at(int(now), zone).date()
    said = [f"Archives of {name} up to {last}, {zone.key}"]
    for _, several in groupby(told, key=lambda one: one.job.name):
        said += ["", *_job(list(several), zone)]
    speeds = {one.job.name: one for one in times if one.room is not None}
    storages = [line for need in needs for line in _storage(need, now, told)]
    said += ["", *storages] if storages else []
    said += [_time(one) for one in speeds.values() if one.seconds is not None]
    return "".join(f"{line}\n" for one in said for line in _folded(plain_line(one), width))


def _folded(line: str, width: int) -> list[str]:
    """The line in as many as it needs, the further ones indented like its text."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [""]


def _job(several: list[Outlook], zone: ZoneInfo) -> Iterator[str]:
    one = several[0]
    yield f"{one.job.label}: {spelled_schedule(one.job)}, {one.keep} by {one.whose}"
    if not one.job.enabled:
        yield "  it is disabled, so nothing is added and nothing is pruned"
    for _, alike in groupby(several, key=lambda guest: (_dates(guest, zone), guest.back, guest.hidden)):
        yield from _guests(list(alike), zone)


def _dates(one: Outlook, zone: ZoneInfo) -> tuple[str, ...]:
    return tuple(_moment(copy, zone) for copy in one.days[-1].kept)


def _guests(alike: list[Outlook], zone: ZoneInfo) -> Iterator[str]:
    one, kept = alike[0], alike[0].days[-1].kept
    yield "  " + ", ".join(f"{guest.vmid} {guest.name}".rstrip() for guest in alike)
    if one.hidden:
        yield f"    what there is now cannot be seen, so this begins without archives: {one.hidden}"
    if not kept:
        yield "    no archive"
        return
    many = f"{len(kept)} archive{'s' * (len(kept) > 1)}{' each' * (len(alike) > 1)}"
    yield f"    {many}; oldest restore point {_back(one, zone)}"
    dates = list(_dates(one, zone))
    if len(dates) > MOST:
        dates = [*dates[: MOST // 2], f"… {len(dates) - MOST} more …", *dates[-MOST // 2 :]]
    yield f"    {' · '.join(dates)}"


def _back(one: Outlook, zone: ZoneInfo) -> str:
    oldest = one.days[-1].oldest
    assert oldest is not None
    then = _moment(oldest, zone)
    if one.back is None:
        return f"{then}; nothing is pruned in these days"
    least, most = one.back
    return (
        f"{then}; later on always {least} days back"
        if least == most
        else f"{then}; later on {least} to {most} days back"
    )


def _moment(copy: Copy, zone: ZoneInfo) -> str:
    wall = wall_at(copy.time, zone)
    return f"{wall:%a} {wall:%Y-%m-%d} {clock(copy.time, zone)}" + (" (protected)" if copy.protected else "")


def _storage(need: Forecast, now: float, told: Sequence[Outlook]) -> Iterator[str]:
    days = len(told[0].days) if told else 0
    most = f"at most {size(need.need)}" + (f", with their growth {size(need.peak)}" if need.peak > need.need else "")
    room = "nobody knows how much there is" if need.room is None else f"there is room for {size(need.room)}"
    yield f"Storage {need.storage}: archives take {size(need.now)}, in {days} days {most}; {room}"
    left = need.days_to_full(now)
    if left is not None:
        yield f"  ! it is full in {left} day{'s' * (left != 1)}; keep less, or make room"
    if not need.settles:
        yield "  not every guest's archives are pruned in these days, so it may need more later"
    if need.unknown:
        yield f"  without {', '.join(map(str, need.unknown))}, of which there is no archive yet"


def _time(one: Transfer) -> str:
    assert one.seconds is not None
    assert one.room is not None
    how = "usually takes" if one.measured else "is estimated to take"
    mark = "" if one.fits else "! "
    return f"{mark}{one.job.label} {how} {span(one.seconds)}; it has {span(one.room)} until {one.until}"
