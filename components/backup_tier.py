"""A tier: the guests that are backed up together by one vzdump job."""

import pulumi

from homebackup.assess import wanted
from homebackup.engine.program import VzdumpJob
from homebackup.model.site import TMPDIR_REASON, Site


class BackupTier(pulumi.ComponentResource):
    """One VzdumpJob, the `job`; a tier with a container gets a `tmpdir` without being asked, and says why.

    A tier that asks for its first run has a Command beside the job, which is done before the next tier is made.
    """

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:BackupTier", name, None, opts)
        tier = site.tiers[name]
        tmpdir = site.tmpdir(tier)
        self.job = VzdumpJob(name, opts=pulumi.ResourceOptions(parent=self), **wanted.job(site, name))
        if tmpdir and not tier.tmpdir:
            pulumi.log.info(f"tier {name}: tmpdir {tmpdir}, because {TMPDIR_REASON}", self.job)
        if tier.first_run:
            from components.first_run import first_run  # its library takes time that no other preview shall pay for

            first_run(name, tier, pulumi.ResourceOptions(parent=self, depends_on=[self.job]))
        self.register_outputs({"job": self.job.job})
