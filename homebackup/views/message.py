"""What the owner reads on a phone: what changed, why and what to do, and from time to time how all stands."""

from collections.abc import Callable, Iterable, Sequence

from homebackup.assess.amounts import size
from homebackup.assess.changes import UNKNOWN, URGENT, Change, Changes, How, bad, key
from homebackup.assess.verdict import STATES, Verdict, about, ago
from homebackup.model.message import Level, Message
from homebackup.model.plain import one_line

LONGEST = 3000
"""Characters of a text: the services take different amounts, and nobody reads more on a phone."""
NAMED = 12
"""Names in a row; the rest is counted."""
TITLES = {
    "LATE": "backup of {} is late",
    "STALE": "backup of {} is too old",
    "FAILED": "backup of {} failed",
    "BROKEN": "backup of {} is broken",
    "UNPROTECTED": "{} is not protected",
    UNKNOWN: "backup of {} cannot be seen",
    "OK": "backup of {} is well again",
    "DEFERRED": "{} has its backup deferred",
}
"""What a state means to somebody who reads nothing else."""

COUNTED: dict[How, str] = {"unseen": "cannot be seen", "recovered": "well again", "new": "new", "gone": "gone"}
"""What became of several, behind their number."""


def changed(site: str, found: Changes, verdicts: Sequence[Verdict], now: float) -> Message | None:
    """The message on what changed until `now` (epoch), None where nothing did."""
    if not found.fresh:
        return None
    blocks = [*_blocks(found.fresh, lambda change: _became(change, now)), _rest(found, verdicts)]
    critical = ", critical" if any(change.critical and change.how == "worse" for change in found.fresh) else ""
    return Message(f"{one_line(site)}{critical}: {_title(found.fresh)}", _body(blocks), _level(found.fresh))


def digest(site: str, found: Changes, verdicts: Sequence[Verdict], now: float) -> Message:
    """How all stands: what is not well first, then what else became of things, then the age of each backup."""
    wrong = sorted((v for v in verdicts if bad(v) or v.state == UNKNOWN), key=_rank)
    stands = [
        Change(
            "worse", v.label, v.critical, _seen(found, v), v.state, v.said, v.remedy, found.known.things[key(v)].since
        )
        for v in wrong
    ]
    calm = [change for change in found.fresh if change.how not in ("worse", "unseen")]
    blocks = [
        *_blocks(stands, lambda change: _stands(change, now)),
        *_blocks(calm, lambda change: _became(change, now)),
        _list("Well", (f"{one_line(v.label)}{_newest(v, now)}" for v in verdicts if v.state == "OK")),
        _list("Deferred", (f"{one_line(v.label)}: {one_line(v.said)}" for v in verdicts if v.state == "DEFERRED")),
    ]
    level: Level = "warning" if any(map(bad, verdicts)) else "info"
    return Message(f"{one_line(site)}: {standing(verdicts)}", _body(blocks), level)


def trial(site: str, machine: str) -> Message:
    """A message that shows that messages arrive."""
    body = f"Nothing is wrong. {one_line(machine)} will tell here what changes in the backups of {one_line(site)}."
    return Message(f"{one_line(site)}: test of homebackup", body, "info")


def _title(fresh: Sequence[Change]) -> str:
    if len(fresh) == 1:
        one = fresh[0]
        title = {"new": "{} is new and has a backup", "gone": "{} is gone"}.get(one.how) or TITLES[one.now]
        return title.format(one_line(one.label))
    counts = [(how, sum(change.how == how for change in fresh)) for how in URGENT]
    said = [(count, _need(count) if how == "worse" else COUNTED[how]) for how, count in counts if count]
    first, words = said[0]
    rest = [f"{count} {words}" for count, words in said[1:]]
    return ", ".join([f"{first} {'backup' if first == 1 else 'backups'} {words}", *rest])


def standing(verdicts: Sequence[Verdict]) -> str:
    """How all backups stand, in half a sentence."""
    watched = [v for v in verdicts if v.state != "DEFERRED"]
    wrong, unseen = sum(map(bad, watched)), sum(v.state == UNKNOWN for v in watched)
    said = [f"{wrong} of {len(watched)} backups {_need(wrong)}"] if wrong else []
    if unseen:
        said.append(f"{unseen} cannot be seen" if wrong else f"{unseen} of {len(watched)} backups cannot be seen")
    return ", ".join(said) or (f"all {len(watched)} backups are well" if watched else "nothing is backed up")


def _need(count: int) -> str:
    return "needs you" if count == 1 else "need you"


def _level(fresh: Sequence[Change]) -> Level:
    worse = [change for change in fresh if change.how == "worse"]
    if any(change.critical for change in worse):
        return "failure"
    if worse or any(change.how == "unseen" or (change.how == "gone" and change.critical) for change in fresh):
        return "warning"
    return "success" if any(change.how == "recovered" for change in fresh) else "info"


def _blocks(told: Iterable[Change], head: Callable[[Change], str]) -> list[str]:
    """A block for each thing, and one for all of which the same is to be said, where the first of them stands."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for change in told:
        calm = change.how == "recovered" and change.now == "OK"
        said = (head(change), *(("", "") if calm else (change.said, change.remedy)))
        groups.setdefault(said, []).append(one_line(change.label) + (" (critical)" if change.critical else ""))
    return [_block(labels, *said) for said, labels in groups.items()]


def _block(labels: Sequence[str], head: str, said: str, remedy: str) -> str:
    lines = [f"{_names(labels)}: {head}"]
    if said:
        lines.append(f"Why: {_sentence(said)}")
    if remedy and remedy != "nothing":
        lines.append(f"To do: {_sentence(remedy)}")
    return "\n".join(lines)


def _became(change: Change, now: float) -> str:
    """The state that a thing has now, and what the owner believed before."""
    if change.how == "gone":
        return "gone, and no longer watched" + (f"; it was {change.was}" if change.was != "OK" else "")
    if change.how == "recovered":
        after = f" after {about(now - change.since)}" if change.was != UNKNOWN and change.since is not None else ""
        return f"{change.now}{after}, was {change.was}"
    return change.now + (f", was {change.was}" if change.was else "")


def _stands(change: Change, now: float) -> str:
    """The state that a thing has, and for how long it is not well."""
    state = change.now + (f", last seen {change.was}" if change.was else "")
    lasts = change.since is not None and bool(change.was or change.now != UNKNOWN) and now - change.since >= 60
    return state + (f", not well for {about(now - change.since)}" if lasts and change.since is not None else "")


def _rest(found: Changes, verdicts: Sequence[Verdict]) -> str:
    """One line on all that this message does not tell."""
    fresh = {change.label for change in found.fresh}
    others = [v for v in verdicts if v.label not in fresh]
    troubles = {v.label: _troubles(found, v) for v in others}
    wrong = [f"{one_line(v.label)} ({troubles[v.label]})" for v in sorted(others, key=_rank) if troubles[v.label]]
    unseen = [one_line(v.label) for v in others if v.state == UNKNOWN and not troubles[v.label]]
    said = [f"As told before, not well: {_names(wrong)}."] if wrong else []
    said += [f"As told before, not to be seen: {_names(unseen)}."] if unseen else []
    return " ".join(said) or ("All else is well." if any(v.state == "OK" for v in others) else "")


def _troubles(found: Changes, verdict: Verdict) -> str:
    """What is wrong with a thing, also while it cannot be seen; empty for nothing."""
    if bad(verdict):
        return verdict.state
    seen = _seen(found, verdict)
    return f"{seen}, and not to be seen now" if seen else ""


def _seen(found: Changes, verdict: Verdict) -> str:
    """The trouble that was seen last of a thing that cannot be seen now."""
    last = found.known.things.get(key(verdict))
    return last.state if last and verdict.state == UNKNOWN and last.troubles else ""


def _newest(verdict: Verdict, now: float) -> str:
    if verdict.newest is None:
        return f": {one_line(verdict.said)}" if verdict.said else ""
    return f": {ago(now - verdict.newest)}" + (f", {size(verdict.size)}" if verdict.size else "")


def _list(title: str, lines: Iterable[str]) -> str:
    told = list(lines)
    return "\n".join([f"{title}:", *told]) if told else ""


def _names(labels: Sequence[str]) -> str:
    more = len(labels) - NAMED
    return ", ".join(labels[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _sentence(said: str) -> str:
    text = one_line(said)
    return f"{text[:1].upper()}{text[1:]}."


def _rank(verdict: Verdict) -> tuple[bool, int]:
    return not verdict.critical, STATES.index(verdict.state)


def _body(blocks: Iterable[str]) -> str:
    """The blocks that fit; what does not is counted."""
    body, left = "", 0
    for block in filter(None, blocks):
        if left or len(body) + len(block) > LONGEST:
            left += 1
        else:
            body += ("\n\n" if body else "") + block
    return body + (f"\n\nThere is more than fits here ({left} parts); homebackup status has all of it." if left else "")
