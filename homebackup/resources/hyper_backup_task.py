"""A task of Hyper Backup on a Synology NAS, which takes folders of it somewhere else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from homebackup.model import hyper_backup
from homebackup.model.declare import Field, Says, Value, aside, key, observed, resource
from homebackup.model.dsm_kinds import Folders, Share, TaskName
from homebackup.model.kinds import Flag
from homebackup.model.lifecycle import World
from homebackup.model.refusal import Refusal
from homebackup.model.seen import Unseen
from homebackup.model.steps import Answered, Ask, Blocked, Plan, Step
from homebackup.resources._away import away

ALL = "all of its folders"
IN_DSM = "in DSM, Hyper Backup"
LOCAL: Mapping[str, str] = {"target_type": "image", "transfer_type": "image_local"}
"""What is told of a target that is a shared folder of the same NAS."""


@dataclass(frozen=True)
class Ground:
    """The tasks, and where one would be made: the directory for it, and its repository if there is one already."""

    tasks: tuple[Mapping[str, Any], ...] = ()
    directory: str = ""
    repository: int | None = None
    unseen: Unseen | None = None


@resource
class HyperBackupTask:
    """A task of Hyper Backup that is there, or is made to a shared folder of the same NAS where that is allowed.

    It is taken over as it is: that it exists and takes the declared folders along is all that is kept of it. Its
    schedule, rotation, encryption and any other target are set in DSM, since no way to write them is known. Deleting
    the resource forgets the task; neither it nor what it backed up is removed.
    """

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str] = "Hyper Backup task"
    turn: ClassVar[str] = "dsm"

    name: Annotated[TaskName, key]
    """Its name in Hyper Backup."""
    folders: Folders
    """What it has to take along, as /backups: the shared folder first, without its volume."""
    allow_create: Annotated[Flag, aside] = False
    """Make the task when it is missing."""
    target_share: Annotated[Share | None, aside] = None
    """Shared folder of the same NAS that a task which is made keeps its versions in. A task that is made has no
    schedule, no rotation and no encryption."""
    takes: Annotated[str, observed, Says("it takes along")] = ALL
    """Which of the folders it takes along."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """A task that is to be made needs a place."""
        if self.allow_create and not self.target_share:
            yield "target_share", "is required to make the task"

    @classmethod
    async def ground(cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False) -> Ground:
        """Every task; what one would be made with is only asked for where it may be."""
        listed = await world.asked("dsm", hyper_backup.TASKS, hyper_backup.WITH)
        if isinstance(listed, Unseen):
            if not wanted:
                raise Refusal(listed.said, listed.remedy)
            return Ground(unseen=listed)
        tasks = tuple(hyper_backup.tasks(listed))
        share = wanted.get("target_share")
        if not (wanted.get("allow_create") and share) or _named(tasks, name):
            return Ground(tasks)
        made = await world.ask("dsm", "SYNO.Backup.Target get_candidate_dir", {**LOCAL, "share": share})
        repositories = ((await world.ask("dsm", "SYNO.Backup.Repository list")) or {}).get("repo_list") or []
        own: Mapping[str, Any] = next(
            (one for one in repositories if one.get("name") == name and one.get("share", share) == share), {}
        )
        directory = str(own.get("target_id") or (made or {}).get("dir") or "")
        return Ground(tasks, directory, own.get("repo_id"))

    @classmethod
    def found(cls, name: str, ground: Ground, known: Mapping[str, Value]) -> Self | None:
        """The task of that name; while the NAS does not answer, what was last known of it, if it was ever seen."""
        if ground.unseen:
            return cls(**{f.name: known.get(f.name, f.absent) for f in cls.fields}) if known.get("takes") else None
        task = _named(ground.tasks, name)
        if task is None:
            return None
        taken = hyper_backup.folders(task)
        wanted = known.get("folders") or taken
        return cls(
            name=name,
            folders=wanted,
            allow_create=bool(known.get("allow_create")),
            target_share=known.get("target_share"),
            takes=_takes(wanted, taken),
        )

    def unknown(self, ground: Ground) -> str:
        """Why the task cannot be seen now."""
        return f"{ground.unseen.said}, so it is as it was last known" if ground.unseen else ""

    def creating(self, ground: Ground) -> Plan:
        """Make its repository and then the task, where that is allowed."""
        if ground.unseen:
            return Plan(blocked=away(ground.unseen))
        if not self.allow_create or not self.target_share:
            said = f"Hyper Backup has no task {self.name}"
            return Plan(blocked=Blocked(said, f"make it {IN_DSM}, under this name", "refused"))
        if not ground.directory:
            said = f"Hyper Backup names no directory in {self.target_share} for a task"
            return Plan(blocked=Blocked(said, f"make the task {IN_DSM}", "refused"))
        place = {**LOCAL, "share": self.target_share, "target_id": ground.directory}
        steps: list[Step] = []
        if ground.repository is None:
            steps.append(Ask("dsm", "SYNO.Backup.Repository create", {**place, "name": self.name}))
        task = {
            "action": "create",
            "name": self.name,
            "repo_id": Answered("repo_id") if ground.repository is None else ground.repository,
            "target_id": ground.directory,
            "source": {"app_list": [], "file_list": sorted(self.folders)},
            "backup_params": {"enable_data_compress": True, "enable_notify": True},
        }
        return Plan((*steps, Ask("dsm", "SYNO.Backup.Task create", task)))

    def updating(self, seen: Self, ground: Ground) -> Plan:
        """Nothing, unless a folder is missing, which only its owner can add."""
        task = _named(ground.tasks, self.name)
        takes = _takes(self.folders, hyper_backup.folders(task or {}))
        if ground.unseen or takes == ALL:
            return Plan()
        said = f"task {self.name} takes along {takes}"
        return Plan(blocked=Blocked(said, f"add what is missing to its folders {IN_DSM}", "refused"))

    def deleting(self, ground: Ground) -> Plan:
        """Nothing: the task and its versions stay."""
        return Plan()


def _takes(wanted: frozenset[str], taken: frozenset[str]) -> str:
    missing = hyper_backup.uncovered(wanted, taken)
    return f"{', '.join(sorted(taken)) or 'nothing'}, without {', '.join(missing)}" if missing else ALL


def _named(tasks: tuple[Mapping[str, Any], ...], name: str) -> Mapping[str, Any] | None:
    return next((task for task in tasks if task.get("name") == name), None)
