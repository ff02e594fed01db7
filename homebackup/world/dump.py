"""The site's own dump directory and nothing else, in one round trip."""

import time
from zoneinfo import ZoneInfo

from homebackup.model.backups.archive import Dump
from homebackup.model.backups.dump_listing import FUNCTIONS
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.world.batch import Batch
from homebackup.world.first_look import FirstLook, questions
from homebackup.world.live_site import LiveSite


async def dump_of(site: Site, live: LiveSite) -> tuple[Dump | Unseen, ZoneInfo]:
    """What lies there, or why it cannot be seen, and the node's zone, in which archives are named."""
    gets, looks = questions(site, live.connection)
    began = time.time()
    told = await Batch(live, FUNCTIONS).ask({"time": gets["time"]}, looks)
    first = FirstLook(site, live.connection, told, began, time.time())
    return first.dump()[0], first.zone
