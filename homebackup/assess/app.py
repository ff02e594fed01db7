"""The verdict on each app that makes backups of itself as files: the rules of guests, as far as files tell."""

from statistics import median

from homebackup.assess import home_assistant
from homebackup.assess.amounts import size
from homebackup.assess.deferral import over
from homebackup.assess.deferral import remedy as remedy_of
from homebackup.assess.history import AHEAD, GROWING
from homebackup.assess.verdict import State, Verdict, about, ago
from homebackup.model.backups.facts import AppFile, SiteFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import App, Site

HOUR = 3600
BEFORE = 5
"""Files that a new one is compared with."""
SMALL = 0.5
"""A file smaller than this share of the median of those before it is suspicious."""
Told = tuple[State, str, str]


def apps(site: Site, facts: SiteFacts) -> tuple[Verdict, ...]:
    """The verdict on every app of the site, by name; one whose files are elsewhere is unknown, and is not counted."""
    return tuple(_verdict(name, app, site, facts) for name, app in sorted(site.apps.items()))


def _verdict(name: str, app: App, site: Site, facts: SiteFacts) -> Verdict:
    own = site.home_assistant if site.home_assistant and site.home_assistant.app == name else None
    told = facts.home_assistant if own else None
    seen = facts.apps.get(name, None if told is None or isinstance(told, Unseen) else home_assistant.files(told))
    files = [] if seen is None or isinstance(seen, Unseen) else _counting(seen, facts.now)
    state, said, remedy = _told(name, app, facts, files, told or seen)
    if own and told and not isinstance(told, Unseen) and not app.deferred:
        on_nas = files if name in facts.apps and not isinstance(seen, Unseen) else None
        state, said, remedy = home_assistant.trouble(own, told, on_nas, facts.now) or (state, said, remedy)
    whole = [file for file in files if file.size]
    newest = whole[-1] if whole else None
    return Verdict(
        name=f"app {name}",
        kind="app",
        state=state,
        said=said,
        remedy=remedy,
        newest=int(newest.written) if newest else None,
        size=newest.size if newest else None,
        archive=newest.name if newest else "",
        critical=app.classification == "critical",
        counted=bool(app.deferred) or name in facts.apps or told is not None,
    )


def _counting(files: tuple[AppFile, ...], now: float) -> list[AppFile]:
    """The files that are done and not of the future, by time."""
    done = (file for file in files if file.written <= now + AHEAD and abs(now - file.written) >= GROWING)
    return sorted(done, key=lambda file: (file.written, file.name))


def _told(name: str, app: App, facts: SiteFacts, files: list[AppFile], seen: object) -> Told:
    """The verdict by its files; `seen` is what told of them, None where nobody looks."""
    if over(app.deferred, facts.guests):
        assert app.deferred
        said = f"guest {app.deferred.until} runs, until which it was deferred ({app.deferred.reason.rstrip('. ')})"
        return "UNPROTECTED", said, remedy_of(name)
    if app.deferred:
        return "DEFERRED", str(app.deferred), "nothing, until that is over"
    if seen is None:
        return "UNKNOWN", f"its files are on {app.host}, where nobody looks", "look there by hand; it is not counted"
    if isinstance(seen, Unseen):
        return "UNKNOWN", seen.said, seen.remedy
    if not files:
        return "STALE", f"there is no {app.glob} in {app.path}", "see that the app makes backups, and where"
    newest = files[-1]
    again = f"make one: homebackup app run {name}" if app.dump else "let the app make one, and see why it did not"
    if newest.size == 0:
        return "BROKEN", f"its newest backup {newest.name} is empty", again
    if newest.bytes is not None and newest.size != newest.bytes:
        return "BROKEN", f"{newest.name} is cut off: {newest.size} of the {newest.bytes} bytes that were written", again
    before = [file.size for file in files[-1 - BEFORE : -1] if file.size]
    if before and newest.size < median(before) * SMALL:
        usual = size(median(before))
        return "BROKEN", f"{newest.name} is suspiciously small: {size(newest.size)}, where {usual} is usual", again
    age, limit = facts.now - newest.written, app.stale_after_hours * HOUR
    if age > limit:
        return "STALE", f"its newest backup is {about(age)} old, and may be {about(limit)}", again
    return "OK", f"backed up {ago(age)}", "nothing"
