"""What `audit` and `adopt` look at: what is declared, what the state has, what is there, and what comes of it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from homebackup.assess.audit import Audit, Found, audit
from homebackup.model.refusal import Refusal
from homebackup.model.seen import Unseen
from homebackup.views.sections import content
from homebackup.world.errors import Refused, Trouble
from homebackup.world.gather import gather
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack

T = TypeVar("T")


@dataclass(frozen=True)
class Looked:
    """One look at a stack's site: what is declared of it, what was found, and what that comes to."""

    declared: Stack
    found: Found
    audit: Audit


async def look(pulumi: PulumiCli) -> Looked:
    """Look at everything; what cannot be seen says so in its place. Raises Trouble for a stack without a site."""
    declared, state = await asyncio.gather(Stack.of(pulumi), pulumi.deployed())
    site, live = declared.site, LiveSite(declared.connection, declared.folder)
    pair = (site.nas.address, site.mount.target)
    try:
        facts, host, inventory, documents = await asyncio.gather(
            gather(site, live),
            _or_unseen(live.look([pair])),
            _or_unseen(live.file(site.inventory.file) if site.inventory else _nothing()),
            asyncio.gather(*(_or_unseen(live.file(file)) for file in site.documents)),
        )
    finally:
        await live.close()
    kept = dict(zip(site.documents, documents, strict=True))
    found = Found(facts, host, inventory, state, declared.name, kept)
    try:
        return Looked(declared, found, audit(site, found, content))
    except Refusal as refusal:
        raise Refused(f"stack {declared.name}", refusal.said, refusal.remedy) from None


async def _or_unseen(asked: Coroutine[Any, Any, T]) -> T | Unseen:
    try:
        return await asked
    except Trouble as trouble:
        return Unseen(f"{trouble.subject}: {trouble.said}", trouble.remedy)


async def _nothing() -> None:
    """A site without an inventory."""
