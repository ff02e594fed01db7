"""A timeline as an iCalendar file, an event for each run and window, the same bytes while they are the same."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from homebackup.assess.amounts import span
from homebackup.assess.conflicts import Conflict
from homebackup.assess.jobs import spelled_guests
from homebackup.assess.timeline import Busy, Run, Timeline

_DOMAIN = "homebackup"


def text(line: Timeline, found: Iterable[Conflict], name: str) -> bytes:
    """The file, its times in UTC; `name` is the site's. A run that was never measured has no end.

    Calendar programs know runs by job and start, so a file read again moves nothing. Proxmox VE's schedules have no
    counterpart in iCalendar's rules, therefore runs are written one by one.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//homebackup//backup calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("x-wr-calname", f"Backups of {name}")
    calendar.add("x-wr-timezone", line.zone.key)
    conflicts = list(found)
    for run in line.runs:
        calendar.add_component(_run(run, [c for c in conflicts if run.job.name in c.jobs and run.start in c.times]))
    for busy in line.windows:
        calendar.add_component(_window(busy, name))
    for conflict in conflicts:
        if conflict.kind == "skipped":
            calendar.add_component(_skipped(conflict))
    return bytes(calendar.to_ical())


def _event(uid: str, start: int, summary: str) -> Event:
    event = Event()
    event.add("uid", f"{uid}@{_DOMAIN}")
    event.add("dtstamp", _moment(start))  # not the time of writing, which would change the bytes
    event.add("dtstart", _moment(start))
    event.add("summary", summary)
    event.add("transp", "TRANSPARENT")
    return event


def _run(run: Run, conflicts: list[Conflict]) -> Event:
    job = run.job
    event = _event(f"{run.start}-{job.name}-{job.site}", run.start, f"Backup {job.tier or job.name}")
    if run.usual:
        event.add("duration", timedelta(seconds=run.usual))
    lasting = f"usually takes {span(run.usual)}" if run.usual else "was never measured"
    told = [f"Job {job.name}: guests {spelled_guests(job)}, storage {job.storage or 'none'}; {lasting}."]
    event.add("description", "\n".join(told + [f"{conflict}." for conflict in conflicts]))
    event.add("categories", ["backup", *([job.tier] if job.tier else []), *(["conflict"] if conflicts else [])])
    return event


def _window(busy: Busy, name: str) -> Event:
    event = _event(f"{busy.start}-window-{name}-{_word(busy.name)}", busy.start, busy.name)
    event.add("dtend", _moment(busy.end))
    event.add("categories", ["window"])
    return event


def _skipped(conflict: Conflict) -> Event:
    job, moment = conflict.jobs[0], conflict.times[0]
    event = _event(f"{moment}-left-out-{job}", moment, f"No backup {job}: the clock leaves it out")
    event.add("description", f"{conflict}.")
    event.add("categories", ["backup", "conflict"])
    return event


def _word(text: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in text).split())


def _moment(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)
