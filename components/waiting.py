"""What the owner is told of backups that wait for a guest which runs."""

from typing import Any

import pulumi
from pulumi.runtime import invoke_output

from homebackup.assess import wanted_dumps
from homebackup.model.site import Site


def warn_of_waiting(site: Site) -> None:
    """Warn beside the stack of each backup that is still deferred although the guest runs that it waits for."""
    waiting = list(wanted_dumps.waiting(site))

    def warn(found: Any) -> None:
        for vmid, said in waiting:
            if str(vmid) in found["vmids"].split(","):
                pulumi.log.warn(said)

    if waiting:
        invoke_output("homebackup:index:running", {}).apply(warn)
