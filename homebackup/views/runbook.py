"""The restore runbook as Markdown: for each guest and app what to type, the space it takes, what is overwritten."""

from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from homebackup.assess.picking import Pick
from homebackup.assess.rebuilding import KINDS, giving_back, reaching
from homebackup.assess.runbook import Chapter, Need, chapters
from homebackup.model.backups.drill import last_drilled
from homebackup.model.backups.facts import SiteFacts, Space
from homebackup.model.plain import one_line
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.views.markdown import TEXTS
from pverules.local_time import wall_at

MARK = "<!-- Written by `homebackup restore plan`. What you change here is lost when it runs again. -->"
"""The first line, by which a file is known as one that may be replaced."""
LONG = {"qemu": "Virtual machine", "lxc": "Container"}


def markdown(site: Site, facts: SiteFacts, picks: Sequence[Pick], rooms: dict[str, Space | Unseen]) -> str:
    """The whole text; nothing in it changes unless a fact does."""
    told = {chapter.pick.vmid: chapter for chapter in chapters(facts, picks, rooms)}
    return TEXTS.get_template("runbook.md").render(
        mark=Markup(MARK),  # noqa: S704 -- ours
        site=site.name,
        nas=site.nas.name,
        address=site.nas.address,
        export=Markup(site.mount.export.replace("`", "")),  # noqa: S704 -- in a span of code nothing is markup
        reaching=reaching(site),
        guests=[_guest(site, one, told.get(one.vmid), facts) for one in picks],
        apps=list(_apps(site, facts)),
    )


def _guest(site: Site, chosen: Pick, chapter: Chapter | None, facts: SiteFacts) -> dict[str, Any]:
    verdict, archive = chosen.verdict, chosen.archive
    if archive is None or chapter is None:
        return {"label": verdict.label, "archive": "", "passed": chosen.passed, "why": _why(chosen)}
    label, program, _ = KINDS[archive.kind]
    old = chapter.overwrites
    return {
        "label": verdict.label,
        "vmid": chosen.vmid,
        "kind": LONG[archive.kind],
        "classification": site.guests[chosen.vmid].classification,
        "archive": archive.name,
        "when": f"{wall_at(archive.time, ZoneInfo(facts.zone)):%a %d %b %Y %H:%M}",
        "size": archive.size,
        "notes": one_line(archive.notes or "", 120),
        "passed": chosen.passed,
        "drilled": _drilled(chosen.vmid, facts),
        "needs": [_need(need) for need in chapter.needs],
        "to": f"{label} {chapter.to}",
        "beside": chapter.beside,
        "stop": f"{program} stop {chapter.to}",
        "destroy": f"{program} destroy {chapter.to}",
        "blocked": chapter.blocked,
        "overwrites": f"{KINDS[old.kind][0]} {old.vmid} {old.name}" if old else "",
        "instead": chapter.instead,
    }


def _need(need: Need) -> dict[str, Any]:
    unseen = need.free.said if isinstance(need.free, Unseen) else ""
    return {"storage": need.storage, "most": need.most, "free": need.free, "unseen": unseen, "fits": need.fits}


def _drilled(vmid: int, facts: SiteFacts) -> str:
    """What the last drill of a guest came to, so that one knows what to expect."""
    last = last_drilled(() if isinstance(facts.drilled, Unseen) else facts.drilled).get(vmid)
    if last is None:
        return ""
    day = f"{wall_at(int(last.time), ZoneInfo(facts.zone)):%a %d %b %Y}"
    if not last.ok:
        return f"its last drill, on {day} of {last.archive}, failed: {last.said}"
    return f"on {day} {last.archive} was restored in a drill within {last.seconds:.0f} s, and {last.said}"


def _why(chosen: Pick) -> str:
    if chosen.unseen:
        return f"nobody knows which archive is good, since {chosen.unseen.said}"
    return "there is no other archive" if chosen.passed else chosen.verdict.said


def _apps(site: Site, facts: SiteFacts) -> Iterator[dict[str, Any]]:
    for name, app in sorted(site.apps.items()):
        guest = site.guests.get(app.guest)
        files = facts.apps.get(name, ())
        newest = "" if isinstance(files, Unseen) or not files else max(files, key=lambda f: (f.written, f.name)).name
        yield {
            "name": f"App {name}",
            "guest": f"{app.guest} {guest.name}" if guest else f"guest {app.guest}",
            "classification": app.classification,
            "deferred": one_line(str(app.deferred or "")),
            "path": app.path or "",
            "glob": app.glob,
            "host": app.host or f"node {site.node}",
            "newest": newest,
            "how": giving_back(name, app),
        }
