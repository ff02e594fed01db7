"""What the list of all backups in the owner's own repository has of the site."""

import pulumi

from homebackup.assess import wanted
from homebackup.engine.program import InventoryEntry
from homebackup.model.site import Inventory, Site


class InventoryEntries(pulumi.ComponentResource):
    """One InventoryEntry a guest and app, the `entries` by name, with the directory that archives are really in."""

    def __init__(self, name: str, site: Site, inventory: Inventory, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:InventoryEntries", name, None, opts)
        self.entries: dict[str, InventoryEntry] = {}
        for entry, inputs in wanted.entries(site):
            # One after the other, so that the file lists them in the order of the tiers.
            earlier = list(self.entries.values())[-1:]
            after = pulumi.ResourceOptions(parent=self, depends_on=earlier)
            self.entries[entry] = InventoryEntry(entry, opts=after, **inputs)
        self.register_outputs({"file": inventory.file})
