"""Whether an application needs backups of its own: what another instance holds, and what each way to back up loses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import span
from homebackup.assess.deferral import offer
from homebackup.model.backups.instance import Holding
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from pverules.calendar import CalendarEvent, longest_gap

YEAR = 400
_ALONE = "none is declared, so nobody was asked whether one holds the same data"
SOON = 3600
"""Seconds between dumps that are proposed."""
Instance = Mapping[str, Holding] | Unseen


@dataclass(frozen=True)
class Comparison:
    """Two instances beside each other; `same` is None where one could not be asked.

    The users are those of one of them only, and those of both whose data differ.
    """

    same: bool | None
    said: str
    only_here: tuple[str, ...] = ()
    only_there: tuple[str, ...] = ()
    differ: tuple[str, ...] = ()


def compare(here: Instance, there: Instance, name: str) -> Comparison:
    """Whether both hold the same; users are the same when their names are, in whatever case."""
    for one in (here, there):
        if isinstance(one, Unseen):
            return Comparison(None, f"whether {name} holds the same is not known: {one.said}")
    assert not isinstance(here, Unseen)
    assert not isinstance(there, Unseen)
    ours, theirs = ({user.lower(): held for user, held in one.items()} for one in (here, there))
    both = ours.keys() & theirs.keys()
    differ = tuple(sorted(user for user in both if ours[user] != theirs[user]))
    only = tuple(sorted(ours.keys() - both)), tuple(sorted(theirs.keys() - both))
    if not ours:
        return Comparison(True, "this instance holds no user", only_there=only[1])
    if not (differ or only[0]):
        said = f"{name} holds all of it now: {_users(len(ours))}, each with as many entries of the same newest date"
        return Comparison(True, said, only_there=only[1])
    if not both:
        said = f"no user of this instance is in {name} ({len(ours)} here, {len(theirs)} there)"
    else:
        newest = max(ours[user].newest for user in ours), max(held.newest for held in theirs.values())
        said = (
            f"of {_users(len(ours))} {len(only[0])} are only here and {len(differ)} hold something else in {name};"
            f" the newest change is of {newest[0] or 'no date'} here and of {newest[1] or 'no date'} there"
        )
    return Comparison(False, said, *only, differ)


@dataclass(frozen=True)
class Assessment:
    """The answer, and what it rests on: `lines` for whoever asked, with the names of users, `text` for documents."""

    needed: bool
    answer: str
    lines: tuple[str, ...]
    text: str


def assess(site: Site, name: str, found: Comparison | None, now: float, zone: ZoneInfo) -> Assessment:
    """Whether vzdump suffices for an application of the site; `found` is None where no other instance is declared."""
    app = site.apps[name]
    image, dump = _image(site, app.guest, now, zone), _gap(app.dump.schedule, now, zone) if app.dump else None
    other = app.assess.other if app.assess else None
    covered = found is not None and found.same is True and bool(other and other.dumped)
    if covered:
        assert other
        answer = f"it needs no dump of its own: {other.name} holds the same data, and {other.dumped}"
    elif app.dump:
        answer = "it needs dumps of its own beside vzdump, and has them"
    else:
        answer = f"it needs dumps of its own beside vzdump: write {offer(name)} under apps.{name}, and run pulumi up"
    evidence = [
        f"Other instance: {found.said if found else _ALONE}.",
        f"vzdump: {image}. It is the disk as after a power cut, from which SQLite recovers, restored as a whole.",
        f"Own dump: {_dump(dump)}. It is the database as of one moment and the files beside it, restored in minutes.",
    ]
    head = [f"### {name}: is vzdump enough?", "", f"Answer: {answer}.", ""]
    text = "\n".join([*head, *(f"- {one}" for one in evidence), "", _asked(now, zone)])
    return Assessment(not covered, answer, (*evidence, *_names(found)), text)


def _names(found: Comparison | None) -> Iterator[str]:
    """The users that make the difference, which no document tells."""
    if found:
        told = {"only here": found.only_here, "only there": found.only_there, "otherwise there": found.differ}
        yield from (f"{where}: {', '.join(users)}" for where, users in told.items() if users)


def _image(site: Site, vmid: int, now: float, zone: ZoneInfo) -> str:
    tier = site.tier_of(vmid)
    if tier is None:
        return f"guest {vmid} is in no tier, so all of it can be lost"
    gap = _gap(site.tiers[tier].schedule, now, zone)
    lost = f"up to {span(gap)} of changes are lost" if gap else "it never runs"
    return f"guest {vmid} in tier {tier}, {site.tiers[tier].schedule}: {lost}"


def _dump(gap: int | None) -> str:
    if gap is None:
        return f"none is declared; one an hour would lose up to {span(SOON)}"
    return f"up to {span(gap)} of changes are lost"


def _gap(schedule: str, now: float, zone: ZoneInfo) -> int | None:
    return longest_gap(CalendarEvent.parse(schedule), int(now), zone, YEAR)


def _asked(now: float, zone: ZoneInfo) -> str:
    return f"Found on {datetime.fromtimestamp(now, zone):%Y-%m-%d} by `homebackup app assess`."


def _users(number: int) -> str:
    return "1 user" if number == 1 else f"{number} users"
