"""The first round trip of a gather: the clock, the NAS, the lists of the API and the site's own dump directory."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from homebackup.model.backups import rows
from homebackup.model.backups.archive import Dump
from homebackup.model.backups.dump_listing import FUNCTIONS, app_files, read_dump, read_listing
from homebackup.model.backups.facts import AppFile, Space
from homebackup.model.backups.job_state import read_states
from homebackup.model.backups.places import Place
from homebackup.model.backups.task import Task
from homebackup.model.inside import inside
from homebackup.model.seen import Unseen
from homebackup.model.site import App, Site
from homebackup.world.batch import Answers, Get
from homebackup.world.connection import Connection
from homebackup.world.inside import seen as seen_inside
from homebackup.world.session import Ran

TASKS = 100
"""Newest vzdump tasks of a node that are listed."""

Sections = tuple[Mapping[str, Any], ...]


def questions(site: Site, to: Connection) -> tuple[dict[str, Get], dict[str, str]]:
    """What the first round trip asks: calls of the API, and commands of the host."""
    gets = {
        "time": Get(f"/nodes/{site.node}/time"),
        "jobs": Get("/cluster/backup"),
        "storages": Get("/storage"),
        "resources": Get("/cluster/resources"),
        "tasks": tasks_of(site.node),
    }
    if not to.is_root:
        gets["rights"] = Get("/access/permissions")
    own = own_place(site)
    apps = {f"app {name}": _listing(site, app) for name, app in apps_of(site).items()}
    return gets, apps | {
        "clock": "date +%s",
        "nas": f"knock {shlex.quote(site.nas.address)} 2049",
        "states": "states",
        "dump": shlex.join(["dump", own.folder, own.mount]),
    }


def apps_of(site: Site) -> dict[str, App]:
    """The apps whose files are on the node or in a guest of it that dumps them, by name."""
    here = {None, site.node} | ({site.inventory.host} if site.inventory else set())
    wanted = {name: app for name, app in site.apps.items() if app.path and not app.deferred}
    return {name: app for name, app in wanted.items() if app.host in here or app.in_guest}


def _listing(site: Site, app: App) -> str:
    """What lists the directory of an app, on the host or inside its guest."""
    if not app.in_guest:
        return shlex.join(["dump", str(app.path), ""])
    words = ["sh", "-c", FUNCTIONS + 'dump "$1" ""', "homebackup", str(app.path)]
    return shlex.join(["timeout", "-k", "2", "25", *inside(_guest(site, app), words, 20)])


def _guest(site: Site, app: App) -> str:
    return f"{site.guests[app.guest].kind}/{app.guest}"


def tasks_of(node: str) -> Get:
    """The newest vzdump tasks of a node, running ones included."""
    return Get(f"/nodes/{node}/tasks", {"typefilter": "vzdump", "source": "all", "limit": TASKS})


def own_place(site: Site) -> Place:
    """Where the site's archives are, as declared."""
    return Place(site.storage.name, site.archive_folder, site.mount.target)


class FirstLook:
    """What the first round trip found; every property is the fact or why it is not known."""

    def __init__(self, site: Site, to: Connection, answers: Answers, began: float, ended: float) -> None:
        self.site, self.to = site, to
        self._gets, self._runs = answers.gets, answers.runs
        self._began, self._ended = began, ended
        clock = self._runs["clock"]
        self.host = clock if isinstance(clock, Unseen) else None
        """Why the host does not answer over ssh; None when it does."""
        told = self._gets["time"]
        self._told: Mapping[str, Any] = told if isinstance(told, dict) else {}
        self.named = told if isinstance(told, Unseen) else _zone(str(self._told.get("timezone", "")))
        """The node's zone, by whose clock archives are named; why nobody knows it."""
        self.zone = ZoneInfo("UTC") if isinstance(self.named, Unseen) else self.named
        """The zone in which times are told."""
        self.rights = rows.Rights(self._tree())

    @property
    def way(self) -> str:
        """How it was seen: ssh, https, or both."""
        return "ssh" if self.to.api == "ssh" else "https" if self.host else "both"

    @property
    def now(self) -> float:
        """The epoch by the host's clock; by ours when it is silent."""
        clock = self._runs["clock"]
        if isinstance(clock, Ran) and clock.text.strip().isdecimal():
            return float(clock.text)
        return float(self._told.get("time") or self._ended)

    @property
    def skew(self) -> float | None:
        """Seconds by which the host's clock is ahead of ours, what the question took left out."""
        if self.host and not self._told:
            return None
        return self.now - min(max(self.now, self._began - 1), self._ended)

    @property
    def jobs(self) -> Sections | Unseen:
        """The backup jobs."""
        return self._sections("jobs")

    @property
    def storages(self) -> Sections | Unseen:
        """The storages."""
        return self._sections("storages")

    @property
    def resources(self) -> Sections | Unseen:
        """Guests, nodes and storages of the cluster."""
        return self._sections("resources")

    @property
    def tasks(self) -> tuple[Task, ...] | Unseen:
        """The vzdump tasks of the site's node, newest first, without their logs."""
        said = self._sections("tasks")
        if isinstance(said, Unseen):
            return said
        return self.rights.tasks(self.site.node) or rows.tasks(said)

    @property
    def nas(self) -> bool | Unseen:
        """Whether the NAS answered the host."""
        ran = self._runs["nas"]
        return ran if isinstance(ran, Unseen) else ran.exit == 0

    def counting(self) -> dict[str, int] | Unseen:
        """By job the epoch from which on its runs count, where that is not all of them."""
        ran = self._runs["states"]
        return ran if isinstance(ran, Unseen) else read_states(ran.text, self.now)

    def dump(self) -> tuple[Dump | Unseen, Space | Unseen]:
        """The site's own dump directory."""
        return listing(own_place(self.site), self._runs["dump"], self.named)

    def apps(self) -> dict[str, tuple[AppFile, ...] | Unseen]:
        """The files of each app on the node that have the names of its backups."""
        found: dict[str, tuple[AppFile, ...] | Unseen] = {}
        for name, app in apps_of(self.site).items():
            ran = self._runs[f"app {name}"]
            if app.in_guest:
                ran = seen_inside(_guest(self.site, app), ran)
            seen = ran if isinstance(ran, Unseen) else read_listing(str(app.path), ran.stdout, _stderr(ran))[0]
            found[name] = seen if isinstance(seen, Unseen) else app_files(seen.rows, app.glob)
        return found

    def stored(self, storage: str) -> list[Mapping[str, Any]]:
        """The rows of a storage among the cluster's resources on which Proxmox VE gets through to it."""
        resources = () if isinstance(self.resources, Unseen) else self.resources
        return [
            row
            for row in resources
            if row.get("type") == "storage" and row.get("storage") == storage and row.get("status") == "available"
        ]

    def _sections(self, key: str) -> Sections | Unseen:
        said = self._gets[key]
        return said if isinstance(said, Unseen) else tuple(said or ())

    def _tree(self) -> Mapping[str, Mapping[str, Any]] | None:
        """Our privileges by path; none at all when they cannot be read."""
        said = self._gets.get("rights")
        return None if said is None else {} if isinstance(said, Unseen) else said


def listing(place: Place, ran: Ran | Unseen, zone: ZoneInfo | Unseen) -> tuple[Dump | Unseen, Space | Unseen]:
    """What the listing of a place on the host says; names of archives say nothing without the node's zone."""
    if isinstance(ran, Unseen):
        return ran, ran
    if isinstance(zone, Unseen):
        seen, space = read_listing(place.folder, ran.stdout, _stderr(ran))
        return seen if isinstance(seen, Unseen) else zone, space
    return read_dump(place.storage, place.folder, ran.stdout, _stderr(ran), zone)


def _stderr(ran: Ran) -> str:
    return ran.said if ran.stderr else ""


def _zone(name: str) -> ZoneInfo | Unseen:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        said = f"the node's time zone, {name or 'which it does not tell'}, is none that is known here"
        return Unseen(said, "see timedatectl on the node, and install tzdata here")
