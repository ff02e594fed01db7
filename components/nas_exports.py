"""Whom the NAS lets in by NFS."""

import pulumi

from homebackup.assess import wanted_nas
from homebackup.engine.program import NfsExport
from homebackup.model.site import Site


class NasExports(pulumi.ComponentResource):
    """One NfsExport a client of a shared folder, the `exports` by name; the rules of other clients are left alone."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:NasExports", name, None, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.exports = {one: NfsExport(one, opts=own, **inputs) for one, inputs in wanted_nas.exports(site)}
        self.register_outputs({"exports": sorted(self.exports)})
