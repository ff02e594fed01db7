"""The first backup of a tier as a part of `pulumi up`."""

import shlex

import pulumi
from pulumi_command import local

from homebackup.model.site import Tier


def first_run(name: str, tier: Tier, opts: pulumi.ResourceOptions) -> local.Command:
    """A Command that runs `homebackup run` once for a tier, and again whenever it has another job or other guests.

    It is the verb that runs, with its interlock, its windows and its receipt: where that refuses or a guest's backup
    fails, so does `pulumi up`, and the next one tries again.
    """
    return local.Command(
        f"{name}-first-run",
        create=shlex.join(["homebackup", "run", name, "--stack", pulumi.get_stack()]),
        update="true",  # other words for the same run are no reason for another one
        triggers=[tier.job, *sorted(tier.guests)],
        opts=opts,
    )
