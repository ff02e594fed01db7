"""An NFS export mounted on the host, now and at every boot, by exactly one line of /etc/fstab."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from homebackup.model import fstab
from homebackup.model.declare import Field, Says, Value, key, observed, resource, unordered
from homebackup.model.heal import timer
from homebackup.model.host_facts import HostFacts
from homebackup.model.kinds import ExportPath, Flag, LanAddress, MountOptions, MountPoint, Text
from homebackup.model.lifecycle import World
from homebackup.model.mounts import Mount, differences, soft_trouble
from homebackup.model.refusal import Refusal
from homebackup.model.steps import Blocked, Plan, Run, Step, Write
from homebackup.model.systemd import unit_name
from homebackup.model.timer import RUNNING

FSTAB = "/etc/fstab"
RELOAD = Run(("systemctl", "daemon-reload"))
MOUNTING = 130.0
"""Seconds a mount unit may take: systemd gives up after 90, a soft mount whose server is gone lets go after 120."""
NAMED = 5
"""How many processes that use a mount are named."""
LET_GO = frozenset({0, 124, 137})
"""How a lazy umount may end whose server is gone: the mount is off the tree at once, but whoever let go of it last
waits minutes for the server to say goodbye, unless it is ended."""
_BENEATH = 'mount -n --bind "${0%/*}/" /run && chattr "$1" "/run/${0##*/}"'
"""Changes the directory under a mount, in a mount namespace of its own where the directory above is seen bare."""


@resource
class NfsMount:
    """An export of the NAS, mounted on the host now and at every boot, by exactly one line of `/etc/fstab`.

    Every other byte of the file stays. A NAS that is switched off is no drift, and stops no preview.
    """

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str] = "NFS mount"
    turn: ClassVar[str] = FSTAB

    target: Annotated[MountPoint, key]
    """Directory on the host that the export is mounted on."""
    server: LanAddress
    """LAN address of the NAS."""
    export: ExportPath
    """Path that the NAS exports."""
    options: Annotated[MountOptions, unordered] = ("defaults", "soft")
    """Mount options, in the order to write them; their order means nothing in a comparison. `soft` is a must: a hard
    mount hangs the hypervisor when the NAS is switched off."""
    fstype: Literal["nfs", "nfs4"] = "nfs"
    """Type in the fstab line."""
    immutable: Flag = True
    """Make the directory under the mount immutable, so that nothing fills the root disk while the NAS is away."""
    heal: Flag = False
    """Keep a small systemd timer on the host that mounts again when the NAS has come back and nothing is mounted."""
    healer: Annotated[Text, observed, Says("the heal timer is")] = "as declared"
    """The timer's state, compared with what `heal` declares."""
    boot: Annotated[Text, observed, Says("its part of /etc/fstab is")] = "one line"
    """What /etc/fstab has for the directory: one line, missing, commented out, or several lines."""
    live: Annotated[Text, observed, Says("the export is")] = "mounted"
    """What is mounted on the directory, compared with the line; the last known while the NAS does not answer."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """`hard` in any form, which is also what NFS does unless told otherwise."""
        if trouble := soft_trouble(self.options):
            yield "options", f"{trouble} (soft-mount)"

    @classmethod
    async def ground(cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False) -> HostFacts:
        """A look at the host, at this directory and its server, which an import finds in the line that is there."""
        if server := wanted.get("server"):
            return await world.look([(server, name)], fresh=fresh)
        facts = await world.look(fresh=fresh)
        sources = [e.source for e in fstab.at(facts.fstab, name)] + [m.source for m in _layers(facts, name)]
        return await world.look([(_source(s)[0], name) for s in sources if _source(s)[1]], fresh=fresh)

    @classmethod
    def found(cls, name: str, ground: HostFacts, known: Mapping[str, Value]) -> Self | None:
        """The mount as /etc/fstab declares it, else as it is mounted by hand; what is live is compared with that."""
        lines, layers = fstab.at(ground.fstab, name), _layers(ground, name)
        commented = fstab.commented_out(ground.fstab, name)
        if not lines and not any(m.is_nfs for m in layers) and not (commented and "boot" in known):
            return None
        values: dict[str, Any] = {f.name: known.get(f.name, f.default) for f in cls.fields} | {"target": name}
        if lines:
            server, export = _source(lines[0].source)
            values |= {"server": server, "export": export, "options": lines[0].options, "fstype": lines[0].fstype}
        elif mounts := [m for m in layers if m.is_nfs]:
            values["server"], values["export"] = _source(mounts[-1].source)
            told = known.get("options")
            fits = told and ("boot" in known or not differences(told, mounts[-1].options))
            values["options"] = told if fits else _chosen(mounts[-1])
        adopting = known and "boot" not in known  # a mount made by hand has no guard, and gets it when taken over
        if not adopting and ground.directories.get(name, "missing") != "missing":
            values["immutable"] = ground.directories[name] == "immutable"
        values["boot"] = _boot(lines, commented)
        healing = timer(name, known.get("server") or values["server"]).state(ground)
        values["heal"] = healing != "missing"
        values["healer"] = "as declared" if healing in ("missing", RUNNING) else healing
        mount = cls(**values)
        return cls(**values | {"live": mount._live(ground, known.get("live", "mounted") or "not mounted")})

    def unknown(self, ground: HostFacts) -> str:
        """Whether the mount works, while its server is off or the mount hangs."""
        if ground.answers.get(self.server, True):
            hangs = ground.unresponsive(self.target)
            return hangs and f"{hangs}: the NAS {self.server} answers on its NFS port, but {self.target} does not"
        return f"the NAS {self.server} does not answer, so whether {self.target} works is as last known"

    def creating(self, ground: HostFacts) -> Plan:
        """Make the directory, guard it, write the line, mount; nobody else's mount is taken away for it."""
        if layers := [m for m in _layers(ground, self.target) if not m.is_nfs]:
            raise Refusal(
                f"{layers[-1].fstype} {layers[-1].source} is mounted on {self.target}",
                "unmount it if nobody needs it, or declare another directory",
            )
        return self._converge(ground)

    def updating(self, seen: Self, ground: HostFacts) -> Plan:
        """Bring line and live mount to what is declared; only a restart of the mount unit applies changed options."""
        return self._converge(ground)

    def deleting(self, ground: HostFacts) -> Plan:
        """Unmount, take the line out, let the directory be an ordinary one again."""
        steps: list[Step] = []
        stop = Run(("systemctl", "stop", unit_name(self.target)), timeout=MOUNTING)
        if any(m.is_nfs for m in _layers(ground, self.target)):
            answers = ground.answers.get(self.server, False) and not ground.unresponsive(self.target)
            lazily = Run(("timeout", "-k", "2", "5", "umount", "-l", self.target), accept=LET_GO)
            steps += [stop] if answers else [lazily] * len(_layers(ground, self.target))
        if self.immutable and ground.directories.get(self.target) != "missing":
            # Before the line goes, so that the next run tries again; what still covers the directory may know no flag.
            covered = any(not m.is_nfs for m in _layers(ground, self.target))
            steps.append(Run(("chattr", "-i", self.target), accept=frozenset({0, 1} if covered else {0})))
        left = fstab.without(ground.fstab, self.target)
        if left != ground.fstab:
            steps += [Write(FSTAB, ground.fstab, left, "fstab"), RELOAD]
        blocked = _in_use(ground, self.target) if stop in steps else None
        return Plan((*timer(self.target, self.server).removing(ground), *steps), blocked=blocked)

    def _converge(self, ground: HostFacts) -> Plan:
        self._stay_apart(ground)
        layers, directory = _layers(ground, self.target), ground.directories.get(self.target)
        unit = unit_name(self.target)
        before = ground.fstab
        steps: list[Step] = []
        if directory == "other":
            raise Refusal(f"{self.target} is a file", "move it away, or declare another directory")
        if directory == "missing":
            steps.append(Run(("mkdir", "-p", self.target)))
        if self.immutable != (directory == "immutable") and (directory or not layers):
            flag = "+i" if self.immutable else "-i"
            beneath = ("unshare", "-m", "sh", "-c", _BENEATH, self.target, flag)
            steps.append(Run(beneath if layers else ("chattr", flag, self.target)))
        healing = timer(self.target, self.server)
        steps += (healing.keeping if self.heal else healing.removing)(ground)
        undo_from = len(steps)
        undo: list[Step] = []
        after = before if self._line_holds(before) else fstab.with_line(before, self._entry())
        if after != before:
            steps += [Write(FSTAB, before, after, "fstab"), RELOAD]
            back = fstab.Swap.between(after, before, self.target)
            undo += [Write(FSTAB, after, before, "fstab", edit=back), RELOAD]
        blocked = None
        if self._live(ground, "not mounted") != "mounted":
            steps += [Run(("umount", self.target), timeout=MOUNTING)] * (len(layers) - 1 if layers else 0)
            # The line may be older than systemd's look at it: written by hand, or by a run that was killed right then.
            steps += [RELOAD] * (after == before)
            steps.append(Run(("systemctl", "restart", unit), timeout=MOUNTING))
            if layers:
                undo.append(Run(("systemctl", "start", unit), timeout=MOUNTING))
            elif undo:  # exit code 5: systemd knows no such mount any more
                undo.append(Run(("systemctl", "stop", unit), timeout=MOUNTING, accept=frozenset({0, 5})))
            blocked = self._astray(ground) or _in_use(ground, self.target)
        return Plan(tuple(steps), tuple(undo), undo_from + 1, blocked)

    def _astray(self, ground: HostFacts) -> Blocked | None:
        """Why nothing can be mounted now, or taken away without waiting for what does not answer."""
        if not ground.answers.get(self.server, False):
            return Blocked(f"the NAS {self.server} does not answer on its NFS port", "switch it on and run this again")
        if hangs := self.unknown(ground):
            look = f"see that the NAS still exports {self.export} to the host"
            return Blocked(hangs, f"{look}; else take the mount away with umount -l {self.target} and run this again")
        return None

    def _entry(self) -> fstab.Entry:
        return fstab.Entry(0, _join(self.server, self.export), self.target, self.fstype, self.options)

    def _line_holds(self, content: bytes) -> bool:
        """True when the file already has the one line, in whatever order its options are."""
        lines = fstab.at(content, self.target)
        return len(lines) == 1 and (
            (*_source(lines[0].source), lines[0].fstype, frozenset(lines[0].options), lines[0].dump, lines[0].passno)
            == (self.server, self.export, self.fstype, frozenset(self.options), "0", "0")
        )

    def _live(self, ground: HostFacts, unknown: str) -> str:
        """`mounted`, or what is wrong with it; `unknown` while the NAS does not answer and nothing is mounted."""
        layers = _layers(ground, self.target)
        if not layers:
            return "not mounted" if ground.answers.get(self.server, False) else unknown
        top = layers[-1]
        if not top.is_nfs:
            return (
                f"covered by {top.fstype} {top.source}"
                if len(layers) > 1
                else f"not mounted, but {top.fstype} {top.source} is"
            )
        if len(layers) > 1:
            return f"mounted {len(layers)} times, one on top of the other"
        if _source(top.source) != (self.server, self.export.rstrip("/") or "/"):
            return f"mounted from {top.source}"
        wrong = differences(self.options, top.options)
        return f"mounted with {', '.join(wrong)}" if wrong else "mounted"

    def _stay_apart(self, ground: HostFacts) -> None:
        others = {m.target for m in ground.mounts if m.is_nfs} | {
            fstab.plain(e.target) for e in fstab.entries(ground.fstab) if e.fstype.startswith("nfs")
        }
        for other in sorted(others - {self.target}):
            if self.target.startswith(other + "/") or other.startswith(self.target + "/"):
                raise Refusal(
                    f"{self.target} and the NFS mount {other} lie one inside the other",
                    "choose a directory of its own, since the outer one hides or hangs the inner one",
                )


def _layers(ground: HostFacts, target: str) -> list[Mount]:
    """What is mounted there, an automount point aside."""
    return [m for m in ground.at(target) if m.fstype != "autofs"]


def _chosen(mount: Mount) -> tuple[str, ...]:
    """Of a live mount's options those that somebody chose, as far as that can be told."""
    return tuple(o for o in sorted(mount.options) if re.fullmatch(r"ro|soft|softerr|hard|(timeo|retrans)=\d+", o))


def _in_use(ground: HostFacts, target: str) -> Blocked | None:
    """Why the mount cannot be taken away now; None when no process uses it and no other mount lies in it."""
    inside = dict.fromkeys(f"the mount {m.target}" for m in ground.mounts if m.target.startswith(target + "/"))
    users = (*ground.users.get(target, ()), *inside)
    if not users:
        return None
    more = f" and {len(users) - NAMED} more" if len(users) > NAMED else ""
    said = f"{target} is in use by {', '.join(users[:NAMED])}{more}"
    return Blocked(said, "let it end and run this again", "in use")


def _boot(lines: list[fstab.Entry], commented: bool) -> str:
    if not lines:
        return "commented out" if commented else "missing"
    if len(lines) > 1:
        return f"{len(lines)} lines"
    if (lines[0].dump, lines[0].passno) != ("0", "0"):
        return f"one line that ends in {lines[0].dump} {lines[0].passno} instead of 0 0"
    return "one line"


def _source(source: str) -> tuple[str, str]:
    """Server and export of SERVER:/EXPORT, of [IPV6]:/EXPORT too; no export for what is no NFS source."""
    server, colon, export = source.partition(":/")
    return server.strip("[]"), ("/" + export.rstrip("/")) if colon else ""


def _join(server: str, export: str) -> str:
    return f"[{server}]:{export}" if ":" in server else f"{server}:{export}"
