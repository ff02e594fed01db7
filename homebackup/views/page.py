"""The report: verdicts, the days to come, sizes over time, forecast and restore lines, as one HTML page or Markdown.

Everything that other people named goes through the template engine's escaping; the same facts give the same bytes.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from homebackup.assess.account import AHEAD, Account
from homebackup.assess.amounts import clock, size, span
from homebackup.assess.forecast import Forecast, Transfer
from homebackup.assess.jobs import spelled_guests, spelled_schedule
from homebackup.assess.sizes import Point
from homebackup.assess.verdict import QUIET, Verdict, ago
from homebackup.model.plain import one_line, plain_line
from homebackup.model.seen import Unseen
from homebackup.views import svg
from homebackup.views.markdown import FILTERS, LOADER, TEXTS
from homebackup.views.message import standing
from homebackup.views.plain_markdown import sentence
from homebackup.views.wording import alike, drilled, looked, moment, notes
from pverules.local_time import wall_at

Drawn = Callable[[Account], str]
"""What makes a report of an account."""
NO_ARCHIVE = {"UNKNOWN": "not seen", "DEFERRED": "-"}
"""What stands for an archive that is not there, unless there is none."""
WIDE, NARROW = 840, 330
"""Widths of the picture of the days: on a screen and on paper, and on a phone."""
CHART = (240, 44)
"""Width and height of the picture of a guest's sizes."""


def html(told: Account, trouble: str = "") -> str:
    """One page that needs nothing from anywhere; `trouble` is why what it shows is not the newest."""
    line, found = told.agenda.line, told.agenda.conflicts
    pictures = {
        name: Markup(svg.text(line, found, told.site.name, width, f"-{name}"))  # noqa: S704 -- it escapes names itself
        for name, width in (("wide", WIDE), ("narrow", NARROW))
    }
    return _PAGES.get_template("report.html").render(**_content(told), trouble=trouble, pictures=pictures)


def markdown(told: Account, trouble: str = "") -> str:
    """The same as Markdown, the days to come as a table."""
    return TEXTS.get_template("report.md").render(**_content(told), trouble=trouble)


def _shown(value: Any) -> Any:
    """What the escaping is given: foreign text without control characters."""
    return value if isinstance(value, Markup) else plain_line(str(value))


_PAGES = Environment(
    loader=LOADER, autoescape=True, finalize=_shown, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_PAGES.filters |= FILTERS


def _content(told: Account) -> dict[str, Any]:
    """What both templates show, as texts that are not escaped yet."""
    facts, zone = told.facts, told.zone
    reasons = {verdict.said for verdict in told.verdicts}
    return {
        "site": told.site.name,
        "looked": looked(facts),
        "worst": told.worst,
        "headline": _headline(told),
        "unseen": [part for part in told.unseen if part.said not in reasons],
        "wrongs": [_wrong(same) for same in alike(v for v in told.verdicts if not _calm(v))],
        "calm": [_wrong(same) for same in alike(filter(_calm, told.verdicts))],
        "rows": [_row(verdict, told) for verdict in told.verdicts],
        "notes": list(_notes(told, reasons)),
        "days": list(_days(told)),
        "legend": list(_legend(told)),
        "conflicts": [f"{one_line(str(conflict))}." for conflict in told.agenda.conflicts],
        "remarks": [*(f"{one_line(note)}." for note in told.agenda.notes), *_unlooked(told)],
        "sizes": list(_sizes(told)),
        "ahead": AHEAD,
        "needs": [_need(need, told) for need in told.needs],
        "transfers": [_transfer(one) for one in told.transfers if one.job.tier and one.seconds is not None],
        "restores": [
            {
                "label": one.label,
                "when": moment(one.archive.time, facts.now, zone),
                "words": one.words,
                "command": one.command,
            }
            for one in told.restores
        ],
    }


def _headline(told: Account) -> str:
    counted = [verdict for verdict in told.verdicts if verdict.counted]
    said = standing(counted)
    quiet = all(verdict.state in QUIET for verdict in counted)
    more = ", but there is something else to see to" if quiet and told.worst != "well" else ""
    return f"{said[:1].upper()}{said[1:]}{more}"


def _notes(told: Account, reasons: Collection[str]) -> Iterator[str]:
    """What concerns no single guest, as far as it is not told elsewhere on the page."""
    tasks = told.facts.tasks
    unseen = isinstance(tasks, Unseen) and tasks.said in reasons
    for note in notes(told.facts, told.coverage):
        if not note.startswith("space: ") and not (unseen and note.startswith("tasks: ")):
            yield note
    yield from drilled(told.site, told.verdicts)


def _calm(verdict: Verdict) -> bool:
    """Whether it needs nobody: it is as wanted, or nobody can look at it by design."""
    return verdict.state in QUIET or not verdict.counted


def _wrong(same: list[Verdict]) -> dict[str, Any]:
    first = same[0]
    return {
        "state": first.state,
        "critical": any(verdict.critical for verdict in same),
        "who": [verdict.label for verdict in same],
        "why": sentence(first.said),
        "do": "" if first.state in QUIET else sentence(first.remedy),
    }


def _row(verdict: Verdict, told: Account) -> dict[str, Any]:
    now, zone = told.facts.now, told.zone
    return {
        "label": verdict.label,
        "tier": verdict.tier,
        "critical": verdict.critical,
        "state": verdict.state,
        "newest": moment(verdict.newest, now, zone) if verdict.newest else NO_ARCHIVE.get(verdict.state, "none"),
        "ago": "" if verdict.newest is None else ago(now - verdict.newest),
        "size": "" if verdict.size is None else size(verdict.size),
        "next": moment(verdict.next_run, now, zone),
        "notes": one_line(verdict.notes, 120),
        "protected": verdict.protected,
    }


def _days(told: Account) -> Iterator[tuple[str, str]]:
    """Each day and what runs on it, for views without a picture."""
    line = told.agenda.line
    for day in line.days:
        on = [run for run in line.runs if run.start >= line.start and wall_at(run.start, line.zone).date() == day]
        names = dict.fromkeys(run.job.tier or run.job.name for run in on)
        runs = [
            f"{name} {', '.join(clock(run.start, line.zone) for run in on if (run.job.tier or run.job.name) == name)}"
            for name in names
        ]
        yield f"{day:%a %d %b}", "; ".join(runs) or "nothing"


def _legend(told: Account) -> Iterator[str]:
    usual = told.agenda.usual
    for job in told.agenda.line.jobs:
        lasting = usual.get(job.name)
        took = f"usually {span(lasting.seconds)}" if lasting else "never measured"
        yield f"{job.label}: {spelled_schedule(job)}, {took}, guests {spelled_guests(job)}"


def _unlooked(told: Account) -> Iterator[str]:
    if isinstance(told.facts.jobs, Unseen):
        yield f"The jobs are shown as declared, since {told.facts.jobs.said}."


def _sizes(told: Account) -> Iterator[dict[str, Any]]:
    """Each guest of the verdicts of which there are sizes, with the places of its points in the picture."""
    now, zone = told.facts.now, told.zone
    for verdict in told.verdicts:
        points = told.sizes.get(verdict.vmid or 0, ())
        if not points:
            continue
        values = [point.size for point in points]
        yield {
            "label": verdict.label,
            "count": len(points),
            "since": moment(points[0].time, now, zone),
            "last": values[-1],
            "least": min(values),
            "most": max(values),
            "places": _places(points),
            "width": CHART[0],
            "height": CHART[1],
        }


def _places(points: tuple[Point, ...]) -> list[tuple[float, float, bool]]:
    """Where each point is, time from left to right and bytes from the bottom, which is zero."""
    width, height = CHART
    first, last = points[0].time, points[-1].time
    most = max(point.size for point in points) or 1
    return [
        (
            round(4 + (width - 8) * ((point.time - first) / (last - first) if last > first else 0.5), 1),
            round(height - 3 - (height - 8) * point.size / most, 1),
            point.there,
        )
        for point in points
    ]


def _need(need: Forecast, told: Account) -> dict[str, Any]:
    left = need.days_to_full(told.facts.now)
    room = max(1, need.room or 0, need.peak)
    names = (f"{vmid} {guest.name}" if (guest := told.site.guests.get(vmid)) else str(vmid) for vmid in need.unknown)
    return {
        "storage": need.storage,
        "now": need.now,
        "need": need.need,
        "peak": need.peak,
        "room": need.room,
        "shares": {name: round(100 * value / room, 1) for name, value in (("now", need.now), ("peak", need.peak))},
        "full": "" if left is None else "today" if left == 0 else f"in {left} day{'s' * (left != 1)}",
        "settles": need.settles,
        "unknown": ", ".join(names),
    }


def _transfer(one: Transfer) -> dict[str, Any]:
    return {
        "job": one.job.label,
        "seconds": one.seconds,
        "measured": one.measured,
        "room": one.room,
        "until": one.until,
        "fits": one.fits,
    }
