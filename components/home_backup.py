"""A whole site: the rules of its NAS, mount, storage, the tiers one after the other, then inventory and documents."""

from typing import ClassVar

import pulumi

from components.backup_tier import BackupTier
from components.inventory_entries import InventoryEntries
from components.nas_mount import NasMount
from components.storage_entry import StorageEntry
from homebackup.assess import wanted_dumps, wanted_home_assistant, wanted_nas
from homebackup.model.site import Site


class HomeBackup(pulumi.ComponentResource):
    """Everything that a site declares, in the order in which each part needs the one before; one of them a program."""

    _made: ClassVar[str] = ""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        if HomeBackup._made:
            said = f"HomeBackup {name}: this program has HomeBackup {HomeBackup._made} already, and a stack is one site"
            raise pulumi.RunError(f"{said}; give {name} a stack of its own: pulumi stack init {name}")
        HomeBackup._made = name
        super().__init__("homebackup:components:HomeBackup", name, None, opts)

        def after(*earlier: pulumi.Resource) -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(parent=self, depends_on=list(earlier))

        dsm, exports = site.nas.dsm, list[pulumi.Resource]()
        if dsm and dsm.exports:
            from components.nas_exports import NasExports

            exports.append(NasExports(wanted_nas.EXPORTS, site, after()))
        mount = NasMount("nas", site, after(*exports))
        previous: pulumi.Resource = StorageEntry(site.storage.name, site, after(mount))
        for tier, _ in site.in_order:
            previous = BackupTier(tier, site, after(previous))
        if any(app.dump for app in site.apps.values()):
            from components.app_backups import AppBackups

            AppBackups(wanted_dumps.DUMPS, site, after())
        if any(wanted_dumps.waiting(site)):
            from components.waiting import warn_of_waiting

            warn_of_waiting(site)
        if site.inventory:
            InventoryEntries("inventory", site, site.inventory, after(previous))
        if site.documents:
            from components.documents import Documents  # no other preview shall pay for what it imports

            Documents("documents", site, after(previous))
        if site.home_assistant:
            from components.home_assistant_backups import HomeAssistantBackups

            HomeAssistantBackups(wanted_home_assistant.ALIAS, site, after())
        if dsm and dsm.hyper_backup:
            from components.hyper_backup import HyperBackup

            HyperBackup(wanted_nas.OFF_SITE, site, after())
        if site.timers:
            from components.scheduled_verbs import ScheduledVerbs

            ScheduledVerbs("timers", site, after(previous))
        self.register_outputs({})
