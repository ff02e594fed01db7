"""The checks of `homebackup preflight`: each looks at one thing and says what it found, with what to do about it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property

from homebackup.commands.preflight_doubts import doubts
from homebackup.model.declare import ROOT_ONLY
from homebackup.model.finding import Finding, Level
from homebackup.model.host_facts import HostFacts
from homebackup.model.permissions import Account, lacks, needs, paths, pveum
from homebackup.model.site import Site
from homebackup.world.connection import Connection
from homebackup.world.errors import Denied, Trouble, Unreachable
from homebackup.world.live_site import LiveSite

NFS_PORT = 2049


class Ground:
    """What the checks look at: the declared site, and the live one."""

    def __init__(self, declared: Site, live: LiveSite, *, grants: bool = False) -> None:
        self.declared, self.live = declared, live
        self.grants = grants
        """Say how to grant what is needed even where nothing is missing."""

    @property
    def connection(self) -> Connection:
        """How the live site is reached."""
        return self.live.connection

    @cached_property
    def look(self) -> "asyncio.Future[HostFacts]":
        """One look at the host, with the NAS and the mount point; shared by all checks."""
        pair = (self.declared.nas.address, self.declared.mount.target)
        return asyncio.ensure_future(self.live.look([pair]))


async def host(ground: Ground) -> list[Finding]:
    """Whether sshd answers, and is the known one."""
    to = ground.connection
    await ground.look
    return [
        Finding("well", f"host {to.host}", f"it answers over ssh as {to.ssh_user}"),
        Finding("well", f"host {to.host}", "its host key is the known one"),
    ]


async def api(ground: Ground) -> list[Finding]:
    """Whether the API answers on the configured way."""
    to = ground.connection
    version = await ground.live.api.call("GET", "/version")
    way = f"over https as {_actor(to)}" if to.api == "https" else f"through pvesh over ssh as {to.ssh_user}"
    return [Finding("well", f"API of {to.host}", f"Proxmox VE {version.get('version')} answers {way}")]


async def node(ground: Ground) -> list[Finding]:
    """Whether the declared node exists."""
    declared = ground.declared.node
    there = sorted(str(node["node"]) for node in await ground.live.api.listing("/nodes"))
    if declared not in there:
        return [
            Finding(
                "trouble",
                f"node {declared}",
                f"Proxmox VE on {ground.connection.host} has {', '.join(there) or 'no node'}",
                "correct node in the site's configuration",
            )
        ]
    return [Finding("well", f"node {declared}", "Proxmox VE has it")]


async def nas(ground: Ground) -> list[Finding]:
    """Whether the NAS answers the host on its NFS port, and what is mounted from it does too."""
    address, mount, seen = ground.declared.nas.address, ground.declared.mount, await ground.look
    if hangs := seen.unresponsive(mount.target):
        return [
            Finding(
                "trouble",
                f"NFS mount {mount.target}",
                f"{hangs}, though the NAS {address} answers the host on port {NFS_PORT}",
                f"see that the NAS still exports {mount.export} to the host",
            )
        ]
    if seen.answers.get(address):
        return [Finding("well", f"NAS {address}", f"it answers the host on port {NFS_PORT}")]
    return [
        Finding(
            "unknown",
            f"NAS {address}",
            f"it does not answer the host on port {NFS_PORT}",
            "switch it on, and see that its NFS service runs and lets the host in",
        )
    ]


async def boot(ground: Ground) -> list[Finding]:
    """What the declared mount line costs a boot while the NAS is off."""
    mount = ground.declared.mount
    options, line = set(mount.options), f"mount line of {mount.target}"
    if "noauto" in options or "x-systemd.automount" in options:
        return [Finding("note", line, "it does not delay a boot, and nothing is mounted until somebody asks for it")]
    again = (
        "the timer of heal mounts it once the NAS is back"
        if mount.heal
        else "nothing mounts it when the NAS is back; heal: true in the site's mount does"
    )
    if "nofail" in options:
        return [Finding("note", line, f"with nofail, a boot does not wait for a NAS that is off; {again}")]
    return [
        Finding(
            "note",
            line,
            "while the NAS is off every boot takes 90 s more (measured on Debian 12), in which only root may log in, "
            f"and then it is never retried; {again}",
            "add nofail to the mount's options, and a boot does not wait",
        )
    ]


async def root_only_options(ground: Ground) -> list[Finding]:
    """Whether options are declared that our login may not set."""
    site = ground.declared
    declared = [(tier.job, tmpdir) for tier in site.tiers.values() if (tmpdir := site.tmpdir(tier))]
    if ground.connection.is_root:
        jobs = ", ".join(job for job, _ in declared) or "no job"
        return [Finding("well", "options for root only", f"they can be set; tmpdir is declared for {jobs}")]
    return [
        Finding(
            "trouble",
            f"vzdump job {job}",
            f"tmpdir {tmpdir} would be refused for {_actor(ground.connection)}",
            ROOT_ONLY,
        )
        for job, tmpdir in declared
    ] or [Finding("well", "options for root only", "none is declared")]


async def permissions(ground: Ground) -> list[Finding]:
    """Which call would fail, or see nothing, for want of which privilege."""
    wanted, to = needs(ground.declared), ground.connection
    actor = _actor(to)
    if to.is_root:
        found = [Finding("well", "permissions", f"{actor} may do everything")]
        account = Account()
    else:
        granted = await _granted(ground, paths(wanted))
        found = [
            Finding("trouble", f"permissions of {actor}", lack.said, "grant it with the pveum lines below")
            for lack in lacks(wanted, granted)
        ] or [Finding("well", "permissions", f"{actor} may make every call that is needed")]
        account = await _account(ground)
    if ground.grants or any(finding.level == "trouble" for finding in found):
        lines = tuple(pveum(wanted, account))
        whom = f"{account.user}!{account.token}" if account.token else account.user
        found.append(
            Finding("note", "permissions", f"these lines, run on the node, give {whom} what is needed", "", lines)
        )
    return found


async def _granted(ground: Ground, asked: list[str]) -> Mapping[str, frozenset[str]]:
    """Our own privileges by path."""

    async def on(path: str) -> frozenset[str]:
        said = await ground.live.api.call("GET", "/access/permissions", {"path": path})
        return frozenset((said or {}).get(path, ()))

    return dict(zip(asked, await asyncio.gather(*map(on, asked)), strict=True))


async def _account(ground: Ground) -> Account:
    """The user or token that we are."""
    to = ground.connection
    roles = frozenset(str(role["roleid"]) for role in await ground.live.api.listing("/access/roles"))
    if to.token is None:
        return Account(to.user, None, exists=True, roles=roles)
    user, token, _ = to.token_parts
    try:
        info = await ground.live.api.call("GET", f"/access/users/{user}/token/{token}")
    except Denied:  # a token is not its user, and may not read of itself; what is granted to it too does no harm
        info = {"privsep": 1}
    return Account(user, token, exists=True, separated=str(info.get("privsep", 1)) == "1", roles=roles)


def _actor(to: Connection) -> str:
    """Who we are in Proxmox VE."""
    if to.api == "ssh":
        return "root@pam over ssh" if to.is_root else f"{to.ssh_user} over ssh"
    return "!".join(to.token_parts[:2]) if to.token else to.user


async def lints(ground: Ground) -> list[Finding]:
    """Whether what is declared will do what its owner wants of it, as far as one can tell."""
    # Of a host that does not answer the look tells, and one sentence is enough.
    found, _ = await asyncio.gather(doubts(ground.declared, ground.live), ground.look)
    return found


Check = Callable[[Ground], Awaitable[list[Finding]]]

CHECKS: Mapping[str, Check] = {
    "host": host,
    "API": api,
    "node": node,
    "NAS": nas,
    "boot": boot,
    "root-only options": root_only_options,
    "permissions": permissions,
    "lints": lints,
}
"""Every check by its name, in the order of their findings."""


async def findings(ground: Ground, names: list[str]) -> dict[str, list[Finding]]:
    """What the named checks found, by check; all look at the same time, and what several of them meet is said once."""
    results = await asyncio.gather(*(CHECKS[name](ground) for name in names), return_exceptions=True)
    found: dict[str, list[Finding]] = {}
    said: set[str] = set()
    for name, result in zip(names, results, strict=True):
        if isinstance(result, Trouble):
            found[name] = [] if result.said in said else [_trouble(result)]
            said.add(result.said)
        elif isinstance(result, BaseException):
            raise result
        else:
            found[name] = result
    return found


def _trouble(trouble: Trouble) -> Finding:
    level: Level = "unknown" if isinstance(trouble, Unreachable) else "trouble"
    return Finding(level, trouble.subject, trouble.said, trouble.remedy)
