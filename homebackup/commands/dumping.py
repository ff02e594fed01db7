"""`homebackup app run` and `verify` of an application that dumps itself: one made now, or the newest one looked at."""

from homebackup.assess.dump import judged
from homebackup.commands import ending
from homebackup.commands.printing import say
from homebackup.world import dumping
from homebackup.world.errors import Failed
from homebackup.world.live_site import LiveSite
from homebackup.world.stack import Stack


async def make(declared: Stack, name: str) -> int:
    """Make a dump now and say what its script says; the exit code. Raises Trouble where none was made."""
    live = LiveSite(declared.connection, declared.folder)
    try:
        ran = await dumping.make(live, declared.site, name)
    finally:
        await live.close()
    if ran.exit:
        told = (ran.said or f"its unit ended with exit code {ran.exit}; see its journal").removeprefix(f"dump {name}: ")
        said, _, remedy = told.rpartition("; ")
        raise Failed(f"app {name}", said or remedy, remedy if said else "see its journal")
    say(ran.text.strip())
    return ending.WELL


async def check(declared: Stack, name: str) -> int:
    """Say what the newest dump is like; 2 when one of a critical application is not good, 1 of another."""
    app = declared.site.apps[name]
    live = LiveSite(declared.connection, declared.folder)
    try:
        found = await dumping.check(live, declared.site, name)
    finally:
        await live.close()
    state, said = judged(found, app.stale_after_hours)
    say(f"{state:<8}app {name} in {app.path} on {app.host or declared.site.node}")
    for line in said:
        say(f"        {line}")
    if state == "OK":
        return ending.WELL
    return ending.CRITICAL if app.classification == "critical" else ending.TROUBLE
