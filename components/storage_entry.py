"""The storage in Proxmox VE that archives go to."""

import pulumi

from homebackup.engine.program import DirStorage
from homebackup.model.site import Site


class StorageEntry(pulumi.ComponentResource):
    """One DirStorage at the mount point; `storage` is the resource."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:StorageEntry", name, None, opts)
        self.storage = DirStorage(
            name,
            storage=site.storage.name,
            path=site.mount.target,
            content=sorted(site.storage.content),
            prune_backups=site.storage.retention,
            content_dirs=site.storage.content_dirs,
            shared=site.storage.shared,
            is_mountpoint="yes" if site.storage.is_mountpoint else "no",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"storage": self.storage.storage})
