"""`homebackup app assess`: whether an application needs backups of its own, said and written into the documents."""

import asyncio
import time
from zoneinfo import ZoneInfo

from homebackup.assess.assessment import Assessment, assess, compare
from homebackup.commands import ending
from homebackup.commands.printing import say
from homebackup.model.marked_sections import put
from homebackup.model.site.documents import marked_name
from homebackup.model.steps import Write
from homebackup.resources.document_section import ground_of
from homebackup.world.assessing import both
from homebackup.world.live_site import LiveSite
from homebackup.world.stack import Stack


async def answer(declared: Stack, name: str) -> int:
    """Ask, say and write the answer; 0 where it is known, 3 where an instance could not be asked."""
    site, live = declared.site, LiveSite(declared.connection, declared.folder)
    try:
        app = site.apps[name]
        asked, told = await asyncio.gather(
            both(live, site, name) if app.assess else _nothing(), live.api.call("GET", f"/nodes/{site.node}/time")
        )
        found = compare(*asked, app.assess.other.name) if app.assess and asked else None
        zone = ZoneInfo(str(told.get("timezone") or "UTC"))
        come_to = assess(site, name, found, time.time(), zone)
        for line in (f"app {name}: {come_to.answer}", *(f"  {line}" for line in come_to.lines)):
            say(line)
        if file := next((file for file, sections in site.documents.items() if "governance" in sections), None):
            await _written(live, file, marked_name(site.name, f"assessed {name}"), come_to)
    finally:
        await live.close()
    return ending.UNKNOWN if found and found.same is None else ending.WELL


async def _written(live: LiveSite, file: str, section: str, come_to: Assessment) -> None:
    """Put the answer into its own section of a document, whose other bytes stay."""
    content = await live.file(file)
    ground_of(file, content)
    after = put(content or b"", section, come_to.text)
    if after != content:
        await live.perform(Write(file, content, after, here=True))
        say(f"Written into {file}, section {section}.")


async def _nothing() -> None:
    return None
