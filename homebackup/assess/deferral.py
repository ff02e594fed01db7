"""Backups that wait: whether what they wait for is there already, and what to declare in the place of the waiting."""

from collections.abc import Iterable

from homebackup.model.backups.facts import Guest
from homebackup.model.seen import Unseen
from homebackup.model.site.parts import Deferred

_OFFERS = {
    "immich": (
        "{recipe: postgres, to: /mnt/nas/immich, schedule: '02:30', command: docker exec immich_postgres"
        " pg_dumpall --clean --if-exists --username=postgres}"
    ),
    "vaultwarden": "{recipe: vaultwarden, to: /mnt/nas/vaultwarden, schedule: '*:15', recipient: age1...}",
}
_OTHER = "{recipe: command, to: /mnt/nas/%s, schedule: '02:30', command: ...}"


def over(deferred: Deferred | None, guests: Iterable[Guest] | Unseen) -> bool:
    """Whether it still stands although the guest runs that it waits for; False where that cannot be seen."""
    if deferred is None or deferred.until is None or isinstance(guests, Unseen):
        return False
    return any(guest.vmid == deferred.until and guest.running for guest in guests)


def offer(app: str) -> str:
    """What to write instead under an app, as one line of YAML; its directory is where the guest mounts the NAS."""
    return f"dump: {_OFFERS.get(app) or _OTHER % app}"


def remedy(app: str) -> str:
    """What to do about an app whose deferral is over."""
    return f"write {offer(app)} in the place of deferred, and run pulumi up"
