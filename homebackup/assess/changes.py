"""What to tell the owner: how the verdicts of now differ from what was told last, so that nothing is told twice."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from homebackup.assess.coverage import Cover, Coverage
from homebackup.assess.verdict import QUIET, STATES, Verdict
from homebackup.model.last_told import Last, LastTold

How = Literal["worse", "unseen", "recovered", "new", "gone"]
"""What became of a thing since the owner was last told of it; one that is new and not well is `worse`."""
URGENT: tuple[How, ...] = ("worse", "unseen", "recovered", "new", "gone")
"""The order in which a message tells."""
UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Change:
    """What became of one thing: its state as the owner knows it (empty: not yet) and now (empty: gone), and why.

    `since` is the epoch from which it was well or not well before.
    """

    how: How
    label: str
    critical: bool
    was: str
    now: str
    said: str = ""
    remedy: str = ""
    since: float | None = None


@dataclass(frozen=True)
class Changes:
    """What is to be told, the most urgent first, and what the owner knows once it is."""

    fresh: tuple[Change, ...]
    known: LastTold


def watched(verdicts: Iterable[Verdict], found: Coverage) -> tuple[Verdict, ...]:
    """All that is watched: what has a verdict, and of the cover what no verdict speaks of.

    That are the guests that nobody declared, and disks that are left out of a backup that is well otherwise. A guest
    that left the cluster does not count any more, so that it is told of as gone although its verdict is a quiet one.
    """
    covers = [_of_cover(cover) for cover in found.guests if cover.state != "exempt"]
    gone = {cover.vmid for cover in found.guests if cover.state == "gone"}
    there = (replace(v, counted=v.kind != "guest" or v.vmid not in gone) for v in verdicts if v.counted)
    return (*there, *(verdict for verdict in covers if verdict))


def changes(last: LastTold, verdicts: Iterable[Verdict], now: float, *, whole: bool) -> Changes:
    """What differs between what was told `last` and the verdicts at `now` (epoch).

    A trouble is told once, until the thing was well again. What cannot be seen is said once, and only of a thing that
    was well: what was bad stays bad until it is seen to be well. A thing counts as gone only where `whole` tells that
    everything was seen that is there. At the first look only what is not well is told, since all is new then.
    """
    fresh: list[Change] = []
    things: dict[str, Last] = {}
    for verdict in (one for one in verdicts if one.counted):
        known = key(verdict)
        before = last.things.get(known)
        if how := _how(before, verdict, first=last.at is None):
            fresh.append(_change(how, before, verdict))
        things[known] = _known(before, verdict, now)
    for known, before in last.things.items():
        if known in things:
            continue
        if whole:
            fresh.append(Change("gone", before.label, before.critical, _state(before), "", since=before.since))
        else:
            things[known] = before
    return Changes(tuple(sorted(fresh, key=_urgency)), LastTold(things, now))


def key(verdict: Verdict) -> str:
    """What tells a thing apart from the others, from one look to the next."""
    return f"{verdict.kind} {verdict.label}"


def bad(verdict: Verdict) -> bool:
    """Whether something is known to be wrong."""
    return verdict.state not in QUIET and verdict.state != UNKNOWN


def heartbeat(verdicts: Iterable[Verdict]) -> tuple[Literal["success", "fail"] | None, str]:
    """What a dead-man check is to hear of the critical things, and why.

    It hears nothing where one cannot be seen and none is known to be bad: how long that may last, the check decides.
    """
    critical = [verdict for verdict in verdicts if verdict.critical]
    if wrong := [f"{verdict.label} ({verdict.state})" for verdict in critical if bad(verdict)]:
        return "fail", f"critical and not well: {', '.join(wrong)}"
    if unseen := [verdict.label for verdict in critical if verdict.state == UNKNOWN]:
        return None, f"critical and not to be seen: {', '.join(unseen)}"
    return "success", "all that is critical is well"


def _of_cover(cover: Cover) -> Verdict | None:
    """The verdict on what only the cover tells of a guest, None where there is nothing to tell."""
    state = {"uncovered": "UNPROTECTED", "partly": "UNPROTECTED", "unknown": UNKNOWN}.get(cover.state, "OK")
    if cover.declared and cover.state != "partly":
        return None
    return Verdict(
        name=cover.label if cover.declared else cover.name,
        kind="disks" if cover.declared else "guest",
        state=next(known for known in STATES if known == state),
        said=cover.said,
        remedy=cover.remedy,
        critical=cover.critical,
        vmid=cover.vmid,
    )


def _how(before: Last | None, verdict: Verdict, *, first: bool) -> How | None:
    if verdict.state == UNKNOWN:
        return "unseen" if before is None or (before.state == "OK" and not before.unseen) else None
    if bad(verdict):
        told = before.troubles if before else ()
        # That a run left nothing says less than any other trouble that the owner knows of.
        return None if verdict.state in told or (told and verdict.state == "LATE") else "worse"
    if before is None:
        return None if first else "new"
    return "recovered" if before.troubles or before.unseen else None


def _known(before: Last | None, verdict: Verdict, now: float) -> Last:
    """What the owner knows of it when all this is told."""
    known = before or Last(verdict.label, verdict.state, now)
    known = replace(known, label=verdict.label, critical=verdict.critical)
    if verdict.state == UNKNOWN:
        return replace(known, unseen=known.unseen or known.state in ("OK", UNKNOWN))
    well = not bad(verdict)
    since = known.since if well == (not known.troubles) and known.state != UNKNOWN else now
    troubles = () if well else tuple(dict.fromkeys((*known.troubles, verdict.state)))
    return replace(known, state=verdict.state, since=since, troubles=troubles, unseen=False)


def _change(how: How, before: Last | None, verdict: Verdict) -> Change:
    return Change(
        how,
        verdict.label,
        verdict.critical,
        _state(before) if before else "",
        verdict.state,
        verdict.said,
        verdict.remedy,
        before.since if before else None,
    )


def _state(before: Last) -> str:
    """The state that the owner believes it to be in."""
    return UNKNOWN if before.unseen else before.state


def _urgency(change: Change) -> tuple[int, bool, int, str]:
    rank = STATES.index(next(state for state in STATES if state == (change.now or "OK")))
    return URGENT.index(change.how), not change.critical, rank, change.label
