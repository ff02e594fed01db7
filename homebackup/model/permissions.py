"""What each of our calls needs in Proxmox VE, what a user or token lacks for them, and the `pveum` lines that grant it.

The table is that of Proxmox VE 8.4. Not every lack is a refusal: lists come back shorter, with status 200.
"""

import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from homebackup.model.site import Site


class Grant(NamedTuple):
    """A privilege on a path."""

    path: str
    privilege: str

    def __str__(self) -> str:
        return f"{self.privilege} on {self.path}"


Way = frozenset[Grant]
"""Grants that together are enough."""


@dataclass(frozen=True)
class Need:
    """What one call needs; any one of the `ways` is enough, and the first is the one to grant."""

    call: str
    verbs: tuple[str, ...]
    """What makes the call: `up` of Pulumi, or verbs of ours."""
    ways: tuple[Way, ...]
    instead: str = ""
    """What Proxmox VE answers, with status 200, where it does not refuse; `{guests}` stands for those it is about."""
    guest: int | None = None


@dataclass(frozen=True)
class Lack:
    """A call that would not do what it is for."""

    call: str
    verbs: tuple[str, ...]
    instead: str
    missing: tuple[Grant, ...]

    @property
    def said(self) -> str:
        """The lack as a sentence without its end."""
        happens = f"it would be answered with status 200, but {self.instead}" if self.instead else "it would be refused"
        verb = "is" if len(self.missing) == 1 else "are"
        return (
            f"{self.call}, for {' and '.join(self.verbs)}: {happens}, because {_together(self.missing)} {verb} missing"
        )


UP, STATUS = ("up",), ("status",)
BOTH = UP + STATUS


def needs(site: Site) -> tuple[Need, ...]:
    """Everything that `pulumi up` and the verbs call for a site."""
    node, root, name = f"/nodes/{site.node}", "/", site.storage.name
    path = f"/storage/{name}"
    content = f"GET {node}{path}/content"
    audit, on_node = _one(root, "Sys.Audit"), _one(node, "Sys.Audit")
    modify, whole = _one(root, "Sys.Modify"), _one(path, "Datastore.Allocate")
    space = _one(path, "Datastore.AllocateSpace")
    either = (_one(path, "Datastore.Audit"), space)
    found = [
        Need("GET /cluster/backup", BOTH, (audit,)),
        Need("POST /cluster/backup", UP, (modify | whole,)),
        Need("PUT /cluster/backup/JOB", UP, (modify | whole,)),
        Need("DELETE /cluster/backup/JOB", UP, (modify,)),
        Need("GET /cluster/backup/JOB/included_volumes", STATUS, (audit,)),
        Need("POST, PUT and DELETE /storage", UP, (_one("/storage", "Datastore.Allocate"),)),
        Need("GET /storage", BOTH, either, f"without {name}, as if it did not exist"),
        Need(f"GET {path}", UP, (whole,)),
        Need("GET /access/acl", UP, (Way(),)),  # shows of what goes with a storage as much as we may know
        Need(content, STATUS, either),
        Need(f"GET {node}/time", STATUS, (on_node,)),
        Need(f"GET {node}/tasks", STATUS, (on_node,), "only with the tasks of this user"),
        Need(f"GET {node}/tasks/TASK/log", STATUS, (on_node,)),
    ]
    archives = "without a single archive of {guests}, as if there were none"
    for vmid in sorted(site.guests):
        backup, seen = _one(f"/vms/{vmid}", "VM.Backup"), _one(f"/vms/{vmid}", "VM.Audit")
        found += [
            Need(content, STATUS, (whole, space | backup), archives, vmid),
            Need("GET /cluster/resources", STATUS, (seen,), "without {guests}", vmid),
        ]
    return (*found, *_of_drills(site))


def _of_drills(site: Site) -> Iterator[Need]:
    """What making, starting, asking and removing a spare guest needs, told of the first of them."""
    if site.drill is None:
        return
    verbs, path = ("drill",), f"/vms/{site.drill.vmids[0]}"
    made = ("VM.Allocate", "VM.Config.Network", "VM.Config.Options", "VM.Config.HWType")
    yield Need(f"POST /nodes/{site.node}/qemu and lxc", verbs, (frozenset(Grant(path, one) for one in made),))
    yield Need(f"GET /nodes/{site.node}/status", verbs, (_one(f"/nodes/{site.node}", "Sys.Audit"),))
    lives = ("VM.Audit", "VM.PowerMgmt", "VM.Monitor")
    yield Need(f"POST {path}/status and agent", verbs, (frozenset(Grant(path, one) for one in lives),))
    if site.drill.storage:
        taken = _one(f"/storage/{site.drill.storage}", "Datastore.AllocateSpace")
        yield Need(f"POST {path} on storage {site.drill.storage}", verbs, (taken,))


def paths(wanted: Iterable[Need]) -> list[str]:
    """Every path to ask about, sorted."""
    return sorted({grant.path for need in wanted for way in need.ways for grant in way})


def lacks(wanted: Iterable[Need], granted: Mapping[str, Collection[str]]) -> list[Lack]:
    """What would fail with these privileges by path, guests put together where they lack it for the same call."""
    missing: dict[tuple[str, tuple[str, ...], str], tuple[set[Grant], list[int]]] = {}
    for need in wanted:
        left = min(({g for g in way if g.privilege not in granted.get(g.path, ())} for way in need.ways), key=len)
        if left:
            grants, guests = missing.setdefault((need.call, need.verbs, need.instead), (set(), []))
            grants |= left
            guests += [need.guest] if need.guest else []
    return [
        Lack(call, verbs, instead.format(guests=_guests(guests)), tuple(sorted(grants)))
        for (call, verbs, instead), (grants, guests) in missing.items()
    ]


@dataclass(frozen=True)
class Account:
    """Whom to grant to; what exists already is not made again."""

    user: str = "homebackup@pve"
    token: str | None = "pulumi"  # noqa: S105 -- its name
    exists: bool = False
    separated: bool = False
    """The token has only those of the user's privileges that are granted to it too."""
    roles: frozenset[str] = frozenset()
    """Names of the roles that there are."""


def pveum(wanted: Iterable[Need], account: Account) -> list[str]:
    """The commands that grant an account exactly what is needed, to be run on the node."""
    lines = []
    if not account.exists:
        lines.append(_line("user", "add", account.user, "--comment", "homebackup"))
        if account.token:
            lines.append(_line("user", "token", "add", account.user, account.token, "--privsep", "0"))
    whom = []
    if account.user != "root@pam":  # who has every privilege already
        whom.append(("--users", account.user))
    if account.separated:
        whom.append(("--tokens", f"{account.user}!{account.token}"))
    for path, privileges in _granted(wanted).items():
        role = "HomeBackup" + (path.split("/")[1].title() or "Site")
        verb = "modify" if role in account.roles else "add"
        lines.append(_line("role", verb, role, "--privs", " ".join(sorted(privileges))))
        inherited = ("--propagate", "1" if path in _WITH_MEMBERS else "0")
        lines += [_line("acl", "modify", path, "--roles", role, *to, *inherited) for to in whom]
    return lines


_WITH_MEMBERS = ("/storage", "/vms")
"""Granted for all members: with a storage or guest, Proxmox VE drops the entries on it, and they do not come back."""


def _granted(wanted: Iterable[Need]) -> dict[str, set[str]]:
    """The privileges to grant by path: all that is needed in just one way, then the first way of the rest."""
    granted: set[Grant] = set()
    for need in sorted(wanted, key=lambda need: len(need.ways)):
        if not any(way <= granted for way in need.ways):
            granted |= need.ways[0]
    found: dict[str, set[str]] = {}
    for path, privilege in sorted(granted):
        scope = next((scope for scope in _WITH_MEMBERS if path.startswith(f"{scope}/")), path)
        found.setdefault(scope, set()).add(privilege)
    return found


def _line(*words: str) -> str:
    return shlex.join(["pveum", *words])


def _one(path: str, privilege: str) -> Way:
    return frozenset({Grant(path, privilege)})


def _guests(vmids: list[int]) -> str:
    return f"guest{'s' if len(vmids) > 1 else ''} {', '.join(map(str, vmids))}"


def _together(grants: Iterable[Grant]) -> str:
    """The grants as words, paths put together by privilege: `VM.Backup on /vms/100 and /vms/102`."""
    by: dict[str, list[str]] = {}
    for path, privilege in grants:
        by.setdefault(privilege, []).append(path)
    return " and ".join(f"{privilege} on {', '.join(on)}" for privilege, on in sorted(by.items()))
