"""How much space storages of a node have, in one round trip."""

from collections.abc import Iterable
from typing import Any

from homebackup.model.backups.facts import Space
from homebackup.model.seen import Unseen
from homebackup.world.batch import Batch, Get
from homebackup.world.live_site import LiveSite


async def rooms(live: LiveSite, node: str, storages: Iterable[str]) -> dict[str, Space | Unseen]:
    """The space by storage; of one that is not active, or is not there, why it is unknown."""
    gets = {name: Get(f"/nodes/{node}/storage/{name}/status") for name in sorted(set(storages))}
    answers = await Batch(live).ask(gets, {})
    return {name: _space(name, said) for name, said in answers.gets.items()}


def _space(name: str, said: Any) -> Space | Unseen:
    if isinstance(said, Unseen):
        return said
    if not said or not said.get("active"):
        return Unseen(f"storage {name} is not active", "see pvesm status on the node")
    return Space(int(said.get("total", 0)), int(said.get("used", 0)), int(said.get("avail", 0)))
