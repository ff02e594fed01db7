"""Two instances of an application asked what they hold, each where it runs."""

from __future__ import annotations

import asyncio
import shlex

from homebackup.model.backups.instance import ASK, BETWEEN, Holding, read_answer
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.model.site.assessed import Other
from homebackup.world import inside
from homebackup.world.batch import unseen
from homebackup.world.connection import Connection
from homebackup.world.dumping import guest_of
from homebackup.world.errors import Trouble
from homebackup.world.host import Host
from homebackup.world.live_site import LiveSite

ASKING = 60.0
"""Seconds that a query may take."""
Answer = dict[str, Holding] | Unseen


async def both(live: LiveSite, site: Site, name: str) -> tuple[Answer, Answer]:
    """What this instance holds and what the other one does, or why that cannot be asked."""
    app = site.apps[name]
    assert app.assess
    other, words = app.assess.other, [app.assess.query, BETWEEN]
    here = _asked(live.host, guest_of(site, app), [app.assess.database, *words])
    return await asyncio.gather(here, _elsewhere(live, other, words))


async def _elsewhere(live: LiveSite, other: Other, words: list[str]) -> Answer:
    if other.host is None:
        return await _asked(live.host, other.guest or "", [other.database, *words])
    user, _, address = other.host.rpartition("@")
    try:
        host = Host(Connection.parse({"host": address, **({"sshUser": user} if user else {})}))
    except Trouble as trouble:
        return unseen(trouble)
    try:
        return await _asked(host, other.guest or "", [other.database, *words])
    finally:
        await host.close()


async def _asked(host: Host, guest: str, words: list[str]) -> Answer:
    argv = ["sh", "-c", ASK, "homebackup", *words]
    try:
        if guest:
            ran = await inside.run(host, guest, argv, timeout=ASKING)
        else:
            ran = await host.run(shlex.join(argv), timeout=ASKING)
    except Trouble as trouble:
        return unseen(trouble)
    if ran.exit:
        said, _, remedy = (ran.said or f"exit code {ran.exit}").rpartition("; ")
        return Unseen(said or remedy, remedy if said else "")
    try:
        return dict(read_answer(ran.text))
    except ValueError as error:
        return Unseen(str(error), "correct the query")
