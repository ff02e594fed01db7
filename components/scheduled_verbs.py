"""What runs by the clock on the machine that holds the repository."""

import pulumi

from homebackup.engine.program import ScheduledVerb
from homebackup.model.site import Site


class ScheduledVerbs(pulumi.ComponentResource):
    """One ScheduledVerb for each of the site's timers, the `verbs` by name."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:ScheduledVerbs", name, None, opts)
        stack = pulumi.get_stack()
        self.verbs = {
            verb: ScheduledVerb(
                verb, opts=pulumi.ResourceOptions(parent=self), stack=stack, verb=verb, schedule=schedule
            )
            for verb, schedule in sorted(site.timers.items())
        }
        self.register_outputs({"verbs": sorted(self.verbs)})
