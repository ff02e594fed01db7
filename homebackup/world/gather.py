"""Everything that is known of a site's backups now, in two round trips; what cannot be seen says so in its place.

The first asks for the clock, the NAS, the lists of the API and the site's own dump directory, the second for what
those led to: logs of tasks, whom each job takes along, notes, and the other storages that hold archives.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from homebackup.model.backups.dump_listing import FUNCTIONS
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.backups.job_state import STATES
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.world import drilled, verified
from homebackup.world.batch import Batch, Hear, unseen
from homebackup.world.dsm_look import off_site
from homebackup.world.errors import Trouble
from homebackup.world.first_look import FirstLook, questions
from homebackup.world.home_assistant_facts import home_assistant
from homebackup.world.live_site import LiveSite
from homebackup.world.neighbours import neighbours
from homebackup.world.second_look import SecondLook

T = TypeVar("T")


async def gather(site: Site, live: LiveSite, hear: Hear = lambda answered, asked: None) -> SiteFacts:
    """What is there; raises nothing for a part that cannot be seen. `hear` is told of every answer.

    The logs of other nodes of a cluster, which only the second round trip finds, take a third.
    """
    batch = Batch(live, FUNCTIONS + STATES, hear)
    began = time.time()
    asked, looks = questions(site, live.connection)
    first = FirstLook(site, live.connection, await batch.ask(asked, looks), began, time.time())
    second = SecondLook(first)
    answers, away, told = await asyncio.gather(
        batch.ask(second.gets(), second.runs()), off_site(site, live), home_assistant(site, live)
    )
    second.take(answers)
    if logs := second.logs_elsewhere():
        second.take(await batch.ask(logs, {}))
    looked = _kept(verified.results, verified.place(live.folder))
    proved = _kept(drilled.results, drilled.place(live.folder))
    others = await asyncio.to_thread(neighbours, site, live.folder)
    facts = replace(second.facts(), neighbours=others, off_site=away, home_assistant=told)
    return replace(facts, verified=await looked, drilled=await proved)


async def _kept(read: Callable[[Path], list[T]], file: Path) -> tuple[T, ...] | Unseen:
    """What is kept in a file of the project's folder."""
    try:
        return tuple(await asyncio.to_thread(read, file))
    except Trouble as trouble:
        return unseen(trouble)
