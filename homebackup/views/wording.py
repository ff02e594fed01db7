"""What every view of a status says in the same words: moments, what needs a word and what concerns no single guest."""

from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from homebackup.assess.amounts import size, span
from homebackup.assess.coverage import Coverage, Waste
from homebackup.assess.verdict import STATES, Verdict
from homebackup.model.backups.facts import SiteFacts, Space
from homebackup.model.backups.verification import DEEP
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from pverules.local_time import wall_at

SKEWED = 120
"""Seconds by which clocks may differ before it is said."""
WAYS = {"ssh": "over ssh", "https": "through the API", "both": "through the API and over ssh"}


def looked(facts: SiteFacts) -> str:
    """When and how it was looked: `Sun 22 Nov 2026 12:00 Europe/Vienna, seen over ssh`."""
    zone = ZoneInfo(facts.zone)
    parts = (facts.jobs, facts.storages, facts.guests, facts.tasks, *facts.dumps.values())
    blind = all(isinstance(part, Unseen) for part in parts)
    how = "and nothing was seen" if blind else f"seen {WAYS[facts.way]}"
    return f"{wall_at(int(facts.now), zone):%a %d %b %Y %H:%M} {zone.key}, {how}"


def moment(epoch: int | None, now: float, zone: ZoneInfo) -> str:
    """A moment as short as it is clear: the weekday within six days, else the date, and the year when another."""
    if epoch is None:
        return "-"
    wall = wall_at(epoch, zone)
    if abs(epoch - now) < 6 * 86400:
        return f"{wall:%a %H:%M}"
    return f"{wall:%d %b %H:%M}" if wall.year == wall_at(int(now), zone).year else f"{wall:%d %b %Y}"


def alike(verdicts: Iterable[Verdict]) -> Iterator[list[Verdict]]:
    """The verdicts that need a word, the worst first; those of which the same is to be said together."""
    worst = sorted(verdicts, key=lambda v: (STATES.index(v.state), not v.critical))
    groups: dict[tuple[str, str, str], list[Verdict]] = {}
    for verdict in worst:
        if verdict.state != "OK":
            groups.setdefault((verdict.state, verdict.said, verdict.remedy), []).append(verdict)
    return iter(groups.values())


def notes(facts: SiteFacts, found: Coverage) -> Iterator[str]:
    """What concerns no single guest of the site, a sentence each."""
    for cover in found.open:
        if not cover.declared or cover.state == "partly":
            yield f"coverage: {cover.label}: {cover.said}; {cover.remedy}"
    if found.waste:
        yield f"left over: {bytes_of(found.waste)}; homebackup coverage lists them"
    for name, space in facts.space.items():
        if isinstance(space, Space) and space.total:
            yield f"space: {name} has {size(space.free)} of {size(space.total)} free"
    if facts.skew is not None and abs(facts.skew) > SKEWED:
        side = "ahead of" if facts.skew > 0 else "behind"
        yield f"clock: the host's is {span(abs(facts.skew))} {side} this machine's; set the wrong one"
    if isinstance(facts.tasks, Unseen):
        yield f"tasks: {facts.tasks.said}, so failed runs are not told; {facts.tasks.remedy}"


def inventory(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """One line on the entries of the inventory of which nothing else is to be said than of their guest or app."""
    listed = [verdict for verdict in verdicts if verdict.kind == "entry"]
    if same := sum(verdict.same for verdict in listed):
        which = f"{same} of {len(listed)} entries {'stands' if same == 1 else 'stand'}"
        yield f"inventory: {which} as the guest or app of the entry"


def verified(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """One line on how many of the guests' newest archives were looked into, and how far."""
    newest = [verdict for verdict in verdicts if verdict.kind == "guest" and verdict.archive]
    looked, whole = sum(v.verified is not None for v in newest), sum(v.depth == DEEP for v in newest)
    if newest:
        rest = " (homebackup verify)" if whole < len(newest) else ""
        yield f"verified: {looked} of {len(newest)} newest archives, {whole} to their end{rest}"


def drilled(site: Site, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """One line on how many guests were ever restored in a drill, where drills are declared or were made."""
    guests = [verdict for verdict in verdicts if verdict.kind == "guest"]
    done, failed = sum(bool(v.drill) for v in guests), sum(v.drill == "failed" for v in guests)
    if done or (site.drill and guests):
        rest = " (homebackup drill --next)" if done < len(guests) else ""
        yield f"drilled: {done} of {len(guests)} guests{f', the last drill of {failed} failed' if failed else ''}{rest}"


def bytes_of(waste: Sequence[Waste]) -> str:
    """How many files serve nobody, and what they take."""
    files = "1 file that serves" if len(waste) == 1 else f"{len(waste)} files that serve"
    return f"{files} nobody, {size(sum(one.size for one in waste))}"


def summary(verdicts: Sequence[Verdict]) -> str:
    """How many verdicts there are of each state, the worst first."""
    counts = {state: sum(verdict.state == state for verdict in verdicts) for state in STATES}
    said = ", ".join(f"{number} {state}" for state, number in counts.items() if number)
    return f"{len(verdicts)} verdict{'' if len(verdicts) == 1 else 's'}: {said}"
