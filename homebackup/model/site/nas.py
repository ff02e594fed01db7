"""The NAS of a site, and what of its own management the site keeps: NFS rules and tasks of Hyper Backup."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from homebackup.model.dsm_kinds import Access, Client, Flavors, Folders, Share, Squash, TaskName
from homebackup.model.kinds import Flag, LanAddress, Text
from homebackup.model.site.parts import Hours, Part


class Export(Part):
    """How a client may use a shared folder; the fields are those of an NfsExport."""

    access: Access = "rw"
    squash: Squash = "none"
    asynchronous: Flag = True
    any_port: Flag = False
    subfolders: Flag = True
    security: Annotated[Flavors, Field(min_length=1)] = frozenset({"sys"})


class OffSite(Part):
    """A task of Hyper Backup that takes folders of the NAS somewhere else."""

    folders: Folders
    """What it has to take along."""
    stale_after_hours: Hours = 192
    """Age of its newest version from which on it is stale; eight days unless given, for a task that runs weekly."""
    allow_create: Flag = False
    """Make it when it is missing, as a task to a shared folder of the same NAS."""
    target_share: Share | None = None
    """That shared folder."""


class Dsm(Part):
    """What is kept of the NAS's management, once the stack says how to reach it (homebackup:dsmUrl)."""

    exports: Mapping[Share, Mapping[Client, Export]] = {}
    """Clients by shared folder, each with its rule; the rules of other clients stay as they are."""
    hyper_backup: Mapping[TaskName, OffSite] = {}
    """Tasks by their name in Hyper Backup."""


class Nas(Part):
    """The NAS."""

    name: Text = "NAS"
    address: LanAddress
    """Its address in the LAN."""
    dsm: Dsm | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """What does not go together, by path."""
        for name, task in (self.dsm.hyper_backup if self.dsm else {}).items():
            where = f"nas.dsm.hyper-backup.{name}.target-share"
            if task.allow_create and not task.target_share:
                yield where, "is required to make the task"
            elif task.target_share and any(f"{one}/".startswith(f"/{task.target_share}/") for one in task.folders):
                yield where, f"{task.target_share} would be backed up into itself"
