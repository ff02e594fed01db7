"""One declared resource, kept on the real host as Pulumi keeps it: state, refresh, diff, then what is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.declare import changes, check
from homebackup.resources.nfs_mount import NfsMount
from homebackup.world.live_site import LiveSite
from tests.acceptance import nas

TARGET = "/mnt/nas-backups"
MISSION: dict[str, Any] = {
    "target": TARGET,
    "server": nas.ADDRESS,
    "export": nas.EXPORT,
    "options": ["defaults", "soft", "timeo=150", "retrans=3", "x-systemd.requires=network-online.target"],
}
LINE = (
    b"10.0.0.150:/volume1/backups/proxmox_backups /mnt/nas-backups nfs "
    b"defaults,soft,timeo=150,retrans=3,x-systemd.requires=network-online.target 0 0"
)


class KeptMount:
    """An NfsMount, the mission's unless `declared` says otherwise; `said` holds what the owner would read."""

    def __init__(self, site: LiveSite, **declared: Any) -> None:
        self.site = site
        self.said: list[str] = []
        self.state: dict[str, Any] = {}
        self.wanted: Any = None
        self.declare(**declared)

    def declare(self, **declared: Any) -> None:
        """Change the program: the mission's mount with these fields instead."""
        right, wrong = check(NfsMount, {**MISSION, **declared})
        assert not wrong, wrong
        self.wanted = NfsMount(**right)

    @property
    def lifecycle(self) -> Lifecycle:
        """The engine's own."""
        return Lifecycle(self.site, NfsMount, self.wanted.target, self.said.append)

    async def refresh(self) -> None:
        """Take what is really there into the state."""
        found = await self.lifecycle.read(self.state, fresh=True)
        self.state = dict(vars(found)) if found else {}

    async def drift(self) -> dict[str, Any]:
        """Each field that is not as declared, with what was found; `{"": None}` when all of it is gone."""
        await self.refresh()
        return {name: self.state[name] for name in self._differing()} if self.state else {"": None}

    async def preview(self) -> list[str]:
        """What the owner reads in a preview of all that has to be done."""
        self.said.clear()
        await self._converge(preview=True)
        return list(self.said)

    async def up(self) -> None:
        """Refresh, then create or update if anything differs; raises what the engine raises."""
        await self.refresh()
        if made := await self._converge(preview=False):
            self.state = dict(vars(made))

    async def destroy(self) -> None:
        """Remove it."""
        await self.lifecycle.delete(self.state or vars(self.wanted))
        self.state = {}

    async def _converge(self, *, preview: bool) -> Any:
        if not self.state:
            return await self.lifecycle.create(self.wanted, preview=preview)
        if self._differing():
            return await self.lifecycle.update(self.state, self.wanted, preview=preview)
        return None

    def _differing(self) -> Mapping[str, bool]:
        return changes(NfsMount, self.state, vars(self.wanted))
