"""The second round trip of a gather: logs, whom each job takes along, notes, and the other storages with archives."""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from homebackup.model.backups import rows
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.content import read_content
from homebackup.model.backups.dump_listing import weighed
from homebackup.model.backups.facts import SiteFacts, Space
from homebackup.model.backups.places import Place, for_backups, place
from homebackup.model.backups.task import Task
from homebackup.model.backups.task_log import ERRORS, read_log
from homebackup.model.seen import Unseen
from homebackup.world.batch import Answers, Get
from homebackup.world.first_look import FirstLook, Sections, listing, own_place, tasks_of
from homebackup.world.session import Ran

LOGS = 12
"""Newest tasks whose logs are read, of the site's node and of all others together."""
FAILURES = 6
"""Older tasks whose logs are read, too, as some guest failed in them: more than a week of a daily and a weekly job."""
NOTES = 64
"""Guests of whose newest archive the notes are read."""


class SecondLook:
    """What follows from a first look: what to ask, and the facts that the answers make."""

    def __init__(self, first: FirstLook) -> None:
        self.first, self.site = first, first.site
        self._answers = Answers({}, {})
        self._own = first.dump()
        self._places = [] if first.host else [p for p in self._all_places() if p != own_place(self.site)]

    def gets(self) -> dict[str, Get]:
        """The calls of the API."""
        gets = {f"job {job}": Get(f"/cluster/backup/{job}/included_volumes") for job in self._enabled()}
        gets |= {f"log {task.upid}": _log(task) for task in _telling(_known(self.first.tasks))}
        gets |= {f"tasks {node}": tasks_of(node) for node in self._others()}
        return gets | {
            f"content {storage} {node}": Get(f"/nodes/{node}/storage/{storage}/content", {"content": "backup"})
            for storage, nodes in self._listed_by_api().items()
            for node in nodes
        }

    def runs(self) -> dict[str, str]:
        """The commands of the host."""
        runs = {f"dump {p.storage}": shlex.join(["dump", p.folder, p.mount]) for p in self._places}
        if noted := self._noted():
            files = [f"{archive.folder}/{archive.name}.notes" for archive in noted]
            runs["notes"] = shlex.join(["heads", self.site.nas.address, *files])
        if folders := self._temporary():
            runs["weights"] = shlex.join(["weigh", self.site.nas.address, *folders])
        return runs

    def take(self, answers: Answers) -> None:
        """Keep what came back."""
        self._answers = Answers(self._answers.gets | answers.gets, self._answers.runs | answers.runs)

    def logs_elsewhere(self) -> dict[str, Get]:
        """The logs of other nodes' tasks, known only now; none for a single node."""
        return {f"log {task.upid}": _log(task) for task in _telling(self._tasks_elsewhere())}

    def facts(self) -> SiteFacts:
        """Everything together."""
        first = self.first
        included = {job: self._answers.gets[f"job {job}"] for job in self._enabled()}
        resources = first.resources
        guests, members = rows.guests(() if isinstance(resources, Unseen) else resources, included)
        dumps, space = self._dumps()
        return SiteFacts(
            now=first.now,
            zone=first.zone.key,
            way=first.way,
            skew=first.skew,
            nas=self._nas(),
            jobs=first.jobs,
            storages=first.storages,
            guests=resources if isinstance(resources, Unseen) else first.rights.guests() or guests,
            dumps={name: self._shown(name, dump) for name, dump in dumps.items()},
            space=space,
            tasks=self._tasks(),
            members=members,
            apps=first.apps(),
            counting=first.counting(),
        )

    def _nas(self) -> bool | Unseen:
        """Whether the NAS answers; without the host it does when Proxmox VE gets through to the storage."""
        if self.first.host is None or not self.first.stored(self.site.storage.name):
            return self.first.nas
        return True

    def _enabled(self) -> list[str]:
        return [str(job["id"]) for job in _known(self.first.jobs) if job.get("enabled", 1) and job.get("id")]

    def _all_places(self) -> list[Place]:
        found = (place(section, self.site.node) for section in for_backups(_known(self.first.storages)))
        return [where for where in found if where]

    def _listed_by_api(self) -> dict[str, list[str]]:
        """The nodes on which the API has to list a storage: those whose files the host does not see.

        Only where Proxmox VE itself gets through to it: asking for the content of a storage whose server is gone keeps
        a worker of the API busy for minutes.
        """
        seen = {self.site.storage.name, *(p.storage for p in self._places)} if self.first.host is None else set()
        wanted: dict[str, list[str]] = {}
        for section in for_backups(_known(self.first.storages)):
            name = str(section["storage"])
            nodes = [str(row["node"]) for row in self.first.stored(name)]
            if section.get("shared"):
                nodes = [] if name in seen else nodes[:1]
            wanted[name] = [node for node in nodes if name not in seen or node != self.site.node]
        return wanted

    def _dumps(self) -> tuple[dict[str, Dump | Unseen], dict[str, Space | Unseen]]:
        """The dump directories and the space by storage, from the host's listings and the API's."""
        dumps: dict[str, Dump | Unseen] = {}
        space: dict[str, Space | Unseen] = {}
        if self.first.host is None:
            dumps[self.site.storage.name], space[self.site.storage.name] = self._own
            for where in self._places:
                ran = self._answers.runs[f"dump {where.storage}"]
                dumps[where.storage], space[where.storage] = listing(where, ran, self.first.named)
        for storage, nodes in self._listed_by_api().items():
            stored = self.first.stored(storage)
            said = [self._answers.gets[f"content {storage} {node}"] for node in nodes]
            parts = [part if isinstance(part, Unseen) else read_content(storage, part or ()) for part in said]
            if storage not in dumps:
                silent = Unseen(
                    f"Proxmox VE does not get through to storage {storage}",
                    "switch the NAS on if it is off; otherwise see that the storage is enabled and mounted",
                )
                parts = parts or [silent]
                space[storage] = rows.space(stored[0]) if stored else silent
            dumps[storage] = _together([*([dumps[storage]] if storage in dumps else []), *parts])
        if self.site.storage.name not in dumps:
            missing = Unseen(f"storage {self.site.storage.name} is not listed", "run pulumi up, or see that it may be")
            seen = self.first.storages
            dumps[self.site.storage.name] = seen if isinstance(seen, Unseen) else missing
        return dumps, space

    def _shown(self, storage: str, dump: Dump | Unseen) -> Dump | Unseen:
        """A dump with its notes, or why archives are hidden in it."""
        if isinstance(dump, Unseen):
            return dump
        if not dump.folder and (hidden := self.first.rights.archives(storage, self.site.guests)):
            return hidden
        return self._with_details(dump) if storage == self.site.storage.name and not self.first.host else dump

    def _with_details(self, dump: Dump) -> Dump:
        """The site's own dump with notes, and with the weight of what vzdump left of its work."""
        notes, weights = self._answers.runs.get("notes"), self._answers.runs.get("weights")
        lines = notes.stdout.decode("ascii", "replace").splitlines() if isinstance(notes, Ran) else []
        said = {a.name: _first_line(line) for a, line in zip(self._noted(), lines, strict=False)}
        heavy = weighed(weights.text) if isinstance(weights, Ran) else {}
        archives = (replace(a, notes=said[a.name]) if a.name in said else a for a in dump.archives)
        left = (replace(one, size=heavy.get(f"{dump.folder}/{one.name}", one.size)) for one in dump.leftovers)
        return replace(dump, archives=tuple(archives), leftovers=tuple(left))

    def _temporary(self) -> list[str]:
        """The directories of the site's own dump that vzdump worked in."""
        dump = self._own[0]
        if isinstance(dump, Unseen) or self.first.host:
            return []
        left = (one for one in dump.leftovers if one.why == "temporary" and "\n" not in one.name)
        return [f"{dump.folder}/{one.name}" for one in left][:NOTES]

    def _noted(self) -> list[Archive]:
        """The newest archive of each of the site's guests in its own storage."""
        dump = self._own[0]
        if isinstance(dump, Unseen) or self.first.host:
            return []
        newest = {archive.vmid: archive for archive in dump.archives if archive.vmid in self.site.guests}
        return list(newest.values())[:NOTES]

    def _others(self) -> list[str]:
        """The other nodes that are up and have guests."""
        resources = _known(self.first.resources)
        up = {str(row["node"]) for row in resources if row.get("type") == "node" and row.get("status") == "online"}
        with_guests = {str(row.get("node")) for row in resources if row.get("type") in ("qemu", "lxc")}
        return sorted((up & with_guests) - {self.site.node})

    def _tasks_elsewhere(self) -> list[Task]:
        listed = [self._answers.gets.get(f"tasks {node}") for node in self._others()]
        found = [task for said in listed if isinstance(said, list) for task in rows.tasks(said)]
        return sorted(found, key=lambda task: task.started, reverse=True)

    def _tasks(self) -> tuple[Task, ...] | Unseen:
        if isinstance(self.first.tasks, Unseen):
            return self.first.tasks
        every = [*self.first.tasks, *self._tasks_elsewhere()]
        every.sort(key=lambda task: task.started, reverse=True)
        return tuple(self._with_log(task) for task in every)

    def _with_log(self, task: Task) -> Task:
        said = self._answers.gets.get(f"log {task.upid}")
        if not isinstance(said, list):
            return task
        lines = (str(line.get("t", "")) for line in said)
        return replace(task, guests=read_log(lines, task.started, task.status, self.first.zone))


def _known(part: Sections | tuple[Task, ...] | Unseen) -> Any:
    return () if isinstance(part, Unseen) else part


def _telling(tasks: Sequence[Task]) -> list[Task]:
    """The tasks whose logs are worth reading, of those of a node or more, newest first."""
    failed = [task for task in tasks[LOGS:] if task.status == ERRORS]
    return [*tasks[:LOGS], *failed[:FAILURES]]


def _log(task: Task) -> Get:
    return Get(f"/nodes/{task.node}/tasks/{task.upid}/log", {"limit": 0})


def _together(parts: Iterable[Dump | Unseen]) -> Dump | Unseen:
    """One dump of several nodes; a part that is not seen makes it incomplete, unless there is nothing else."""
    dumps = [part for part in parts if isinstance(part, Dump)]
    unseen = [part for part in parts if isinstance(part, Unseen)]
    if len(dumps) == 1 and not unseen:
        return dumps[0]
    if not dumps:
        return unseen[0]
    archives = {archive.name: archive for dump in dumps for archive in dump.archives}
    leftovers = {leftover.name: leftover for dump in dumps for leftover in dump.leftovers}
    return replace(
        dumps[0],
        archives=tuple(sorted(archives.values(), key=lambda archive: (archive.time, archive.name))),
        leftovers=tuple(leftovers.values()),
        complete=all(dump.complete for dump in dumps) and not unseen,
        late=any(dump.late for dump in dumps),
    )


def _first_line(line: str) -> str | None:
    """The first line of notes that came in base64; None for no notes."""
    try:
        text = base64.b64decode(line, validate=True).decode("utf-8", "replace")
    except binascii.Error:
        return None
    return text.partition("\n")[0] or None
