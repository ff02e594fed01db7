"""Everything that a preflight looks at, asked of host, API and DSM side by side; nothing of it stays."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from homebackup.model import tryout
from homebackup.model.finding import Finding, Level
from homebackup.model.permissions import Account, needs, paths
from homebackup.model.preflight import Preflight, Rights, Way
from homebackup.model.site import Site
from homebackup.model.tryout import Tryout
from homebackup.world import dsm_look
from homebackup.world.connection import Connection
from homebackup.world.errors import Denied, Trouble, Unreachable, Untrusted
from homebackup.world.gather import gather
from homebackup.world.live_site import LiveSite

LIMIT = 100.0
"""Seconds for what is tried on the host; its steps have deadlines of their own, and a silent NAS ends them."""
KNOCK = 3.0
"""Seconds in which DSM takes a connection."""
T = TypeVar("T")


async def look(site: Site, live: LiveSite) -> Preflight:
    """All of it; raises nothing for a part that cannot be seen."""
    to, pair = live.connection, (site.nas.address, site.mount.target)
    async with asyncio.TaskGroup() as asking:
        host = asking.create_task(_part("host", live.look([pair])))
        tried = asking.create_task(_part("test-mount", _tryout(site, live)))
        version = asking.create_task(_part("api", _version(live)))
        nodes = asking.create_task(_part("node", _nodes(live)))
        rights = asking.create_task(_part("permissions", _rights(site, live)))
        facts = asking.create_task(_part("lints", gather(site, live)))
        dsm = asking.create_task(_dsm(to))
        management = asking.create_task(_part("dsm", dsm_look.look(site, live)))
    return Preflight(
        way(to),
        False,
        host.result(),
        tried.result(),
        version.result(),
        nodes.result(),
        rights.result(),
        facts.result(),
        dsm.result(),
        management.result(),
    )


async def look_at_rights(site: Site, live: LiveSite) -> Preflight:
    """Only who we are and what we may do."""
    return Preflight(way(live.connection), grants=True, rights=await _part("permissions", _rights(site, live)))


def way(to: Connection) -> Way:
    """How the site is reached."""
    if to.api == "ssh":
        actor = "root@pam over ssh" if to.is_root else f"{to.ssh_user} over ssh"
    else:
        actor = "!".join(to.token_parts[:2]) if to.token else to.user
    return Way(to.host, to.ssh_user, to.api, actor, to.is_root, to.dsm_url or "")


async def _part(item: str, asked: Awaitable[T]) -> T | Finding:
    """What was asked for, or the finding that it could not be had."""
    try:
        return await asked
    except Trouble as trouble:
        level: Level = "unknown" if isinstance(trouble, Unreachable) else "trouble"
        about = "host-key" if item == "host" and isinstance(trouble, Untrusted) else item
        return Finding(about, level, trouble.subject, trouble.said, trouble.remedy)


async def _tryout(site: Site, live: LiveSite) -> Tryout:
    ran = await live.host.run(tryout.script(site), timeout=LIMIT)
    try:
        return tryout.read(ran.text.splitlines())
    except ValueError:
        said = f"the look at it ended early: {ran.said or ran.exit}"
        raise Unreachable(f"host {live.connection.host}", said, "run this again") from None


async def _version(live: LiveSite) -> str:
    return str((await live.api.call("GET", "/version") or {}).get("version", ""))


async def _nodes(live: LiveSite) -> tuple[str, ...]:
    return tuple(sorted(str(node["node"]) for node in await live.api.listing("/nodes")))


async def _dsm(to: Connection) -> bool | None:
    if to.dsm_url is None:
        return None
    url = urlsplit(to.dsm_url)
    try:
        async with asyncio.timeout(KNOCK):
            _, writer = await asyncio.open_connection(url.hostname, url.port or (443 if url.scheme == "https" else 80))
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def _rights(site: Site, live: LiveSite) -> Rights:
    if live.connection.is_root:
        await _version(live)  # nobody is root of what does not answer
        return Rights()
    return Rights(await _granted(live, paths(needs(site))), await _account(live))


async def _granted(live: LiveSite, asked: list[str]) -> Mapping[str, frozenset[str]]:
    """Our own privileges by path."""

    async def on(path: str) -> frozenset[str]:
        said = await live.api.call("GET", "/access/permissions", {"path": path})
        return frozenset((said or {}).get(path, ()))

    return dict(zip(asked, await asyncio.gather(*map(on, asked)), strict=True))


async def _account(live: LiveSite) -> Account:
    """The user or token that we are."""
    to = live.connection
    roles = frozenset(str(role["roleid"]) for role in await live.api.listing("/access/roles"))
    if to.token is None:
        return Account(to.user, None, exists=True, roles=roles)
    user, token, _ = to.token_parts
    try:
        info = await live.api.call("GET", f"/access/users/{user}/token/{token}")
    except Denied:  # a token is not its user, and may not read of itself; what is granted to it too does no harm
        info = {"privsep": 1}
    return Account(user, token, exists=True, separated=str(info.get("privsep", 1)) == "1", roles=roles)
