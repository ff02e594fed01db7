"""What one look at the management of a Synology NAS found of what backups need; what it does not tell says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from homebackup.model.seen import Unseen


@dataclass(frozen=True)
class Volume:
    """Bytes of a volume."""

    total: int
    used: int

    @property
    def free(self) -> int:
        """Bytes that are left."""
        return max(0, self.total - self.used)


@dataclass(frozen=True)
class Snapshots:
    """Of a shared folder: how many snapshots it has, and for how many days none of them can be deleted, 0 for none."""

    count: int | Unseen
    locked_days: int | Unseen


@dataclass(frozen=True)
class DsmFacts:
    """One look.

    `shares` are the volumes by shared folder, as `/volume1`; `volumes` by their path; `snapshots` by shared folder, for
    those that the site uses. `nfs` are the settings of the NFS service, by DSM's names.
    """

    shares: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, Volume] | Unseen = field(default_factory=dict)
    snapshots: Mapping[str, Snapshots] = field(default_factory=dict)
    nfs: Mapping[str, Any] | Unseen = field(default_factory=dict)
