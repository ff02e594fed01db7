"""What is known of Home Assistant's automatic backups now, or why not."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from homebackup.model.backups.home_assistant import HomeAssistantFacts, read
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.world.errors import Missing, Trouble
from homebackup.world.live_site import LiveSite

LOOKING = 25.0
"""Seconds after which the look is given up."""


async def home_assistant(site: Site, live: LiveSite) -> HomeAssistantFacts | Unseen | None:
    """What it says, None where the site has none that is reached; raises nothing."""
    if site.home_assistant is None:
        return None
    try:
        async with asyncio.timeout(LOOKING):
            return await _looked(live)
    except TimeoutError:
        return Unseen(f"Home Assistant did not say all within {LOOKING:.0f} s", "run this again")
    except Trouble as trouble:
        return Unseen(f"{trouble.subject}: {trouble.said}", trouble.remedy)
    except (LookupError, TypeError, ValueError):
        return Unseen("Home Assistant answered what no version known here does", "report this with its version")


async def _looked(live: LiveSite) -> HomeAssistantFacts:
    told: Any = await live.ask("home-assistant", "backup/config/info")
    info: Any = await live.ask("home-assistant", "backup/info")
    offered: Any = await live.ask("home-assistant", "backup/agents/info")
    mounts: Any = {}
    with contextlib.suppress(Missing):  # a Core by itself has no Supervisor, and no network storage
        mounts = await live.ask("home-assistant", "supervisor/api", {"endpoint": "/mounts", "method": "get"})
    return read(told["config"], info, offered, mounts)
