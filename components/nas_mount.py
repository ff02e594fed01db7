"""The NAS's export, mounted on the host."""

import pulumi

from homebackup.assess import wanted
from homebackup.engine.program import NfsMount
from homebackup.model.site import Site


class NasMount(pulumi.ComponentResource):
    """One NfsMount with what the site declares; `mount` is the resource."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:NasMount", name, None, opts)
        self.mount = NfsMount(name, opts=pulumi.ResourceOptions(parent=self), **wanted.mount(site))
        self.register_outputs({"target": self.mount.target})
