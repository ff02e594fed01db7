"""What the owner is told of backups that wait for a guest which runs."""

import pulumi
from pulumi.runtime import invoke_async

from homebackup.assess import wanted_dumps
from homebackup.model.site import Site


def warn_of_waiting(site: Site) -> None:
    """Warn beside the stack of each backup that is still deferred although the guest runs that it waits for."""
    waiting = list(wanted_dumps.waiting(site))

    async def warned() -> bool:
        try:
            found = await invoke_async("homebackup:index:running", {})
        except Exception:  # noqa: BLE001 -- a run that failed has ended the provider, and says itself why
            return False
        due = [said for vmid, said in waiting if str(vmid) in found["vmids"].split(",")]
        for said in due:
            pulumi.log.warn(said)
        return bool(due)

    if waiting:
        pulumi.Output.all(warned())
