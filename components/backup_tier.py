"""A tier: the guests that are backed up together by one vzdump job."""

import pulumi

from homebackup.assess import wanted
from homebackup.engine.program import VzdumpJob
from homebackup.model.site import TMPDIR_REASON, Site


class BackupTier(pulumi.ComponentResource):
    """One VzdumpJob, the `job`; a tier with a container gets a `tmpdir` without being asked, and says why."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:BackupTier", name, None, opts)
        tier = site.tiers[name]
        tmpdir = site.tmpdir(tier)
        self.job = VzdumpJob(name, opts=pulumi.ResourceOptions(parent=self), **wanted.job(site, name))
        if tmpdir and not tier.tmpdir:
            pulumi.log.info(f"tier {name}: tmpdir {tmpdir}, because {TMPDIR_REASON}", self.job)
        self.register_outputs({"job": self.job.job})
