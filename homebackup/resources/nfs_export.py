"""A client in the NFS rules of a shared folder on a Synology NAS."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from homebackup.model import nfs_rules
from homebackup.model.declare import Field, Says, Value, key, observed, resource
from homebackup.model.dsm_kinds import FLAVORS, Access, Client, Flavors, Share, Squash
from homebackup.model.kinds import Flag
from homebackup.model.lifecycle import World
from homebackup.model.refusal import Refusal
from homebackup.model.seen import Unseen
from homebackup.model.spelling import Wire
from homebackup.model.steps import Ask, Blocked, Plan, Replaced
from homebackup.resources._away import away

API = "SYNO.Core.FileServ.NFS.SharePrivilege"
IN_FORCE = "in force"


@dataclass(frozen=True)
class Ground:
    """The rules of one shared folder as they were answered, and whether it exists and NFS is on; or why not seen."""

    share: str
    there: bool = False
    on: bool = False
    answer: Any = None
    unseen: Unseen | None = None

    @property
    def rules(self) -> list[Any]:
        """Every rule, of whoever it is."""
        return list((self.answer or {}).get("rule") or [])


@resource
class NfsExport:
    """A client that a shared folder of a Synology NAS is exported to; the rules of all others stay as they are.

    DSM saves the rules of a shared folder as one list. They are read, compared right before they are written, written,
    and read back; a list that has what is not known here is left alone. Somebody who saves in DSM in the very moment
    between comparison and writing is not noticed: DSM has nothing to guard against that. DSM puts rules in force at
    once, and what is mounted may break off, so change them while no backup runs.
    """

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str] = "NFS export"
    turn: ClassVar[str] = "dsm"

    share: Annotated[Share, key]
    """Name of the shared folder, which is the folder right below the volume: `backups` of `/volume1/backups`."""
    client: Annotated[Client, key]
    """Whom it is exported to: an address, a network as 10.0.0.0/24, or a host name."""
    access: Annotated[Access, Wire("privilege")] = "rw"
    """Whether the client may write."""
    squash: Annotated[Squash, Wire("root_squash")] = "none"
    """Which users of the client are taken for another; vzdump writes as root, and wants none to be."""
    asynchronous: Annotated[Flag, Wire("async")] = True
    """The NAS answers before what was written is on its disks."""
    any_port: Annotated[Flag, Wire("insecure")] = False
    """Programs of the client may connect that are not root's."""
    subfolders: Annotated[Flag, Wire("crossmnt")] = True
    """What is mounted below the shared folder on the NAS is seen too."""
    security: Annotated[Flavors, Wire("security_flavor")] = frozenset({"sys"})
    """How users prove who they are; `sys` trusts the client."""
    rule: Annotated[str, observed, Says("the rule is")] = IN_FORCE
    """Whether the rule has an effect: none has while NFS is switched off on the NAS."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """No way to prove who one is lets nobody in."""
        if not self.security:
            yield "security", f"must have one or more of {', '.join(FLAVORS)}"

    @classmethod
    async def ground(cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False) -> Ground:
        """The rules of its shared folder; raises Refusal where the client has several of them."""
        share, _, client = name.rpartition("#")
        if not share or not client:
            raise Refusal(f"{name} names no client of a shared folder", "name the export SHARE#CLIENT")
        listed = await world.asked("dsm", "SYNO.Core.Share list", {"shareType": "all"})
        if isinstance(listed, Unseen):
            if not wanted:
                raise Refusal(listed.said, listed.remedy)
            return Ground(share, unseen=listed)
        if share not in {str(one.get("name")) for one in (listed or {}).get("shares") or []}:
            return Ground(share)
        service = await world.ask("dsm", "SYNO.Core.FileServ.NFS get")
        answer = await world.ask("dsm", f"{API} load", {"share_name": share})
        ground = Ground(share, there=True, on=bool((service or {}).get("enable_nfs")), answer=answer)
        if (several := len(nfs_rules.of(ground.rules, client))) > 1:
            said = f"shared folder {share} has {several} rules of {client}, and which of them counts is not known"
            raise Refusal(said, "leave one of them in DSM, Control Panel, Shared Folder, NFS Permissions")
        return ground

    @classmethod
    def found(cls, name: str, ground: Ground, known: Mapping[str, Value]) -> Self | None:
        """The client's rule; while the NAS does not answer, what was last known of it, if it was ever seen."""
        if ground.unseen:
            return cls(**{f.name: known.get(f.name, f.absent) for f in cls.fields}) if known.get("rule") else None
        client = name.rpartition("#")[2]
        rules = nfs_rules.of(ground.rules, client)
        if not rules:
            return None
        flavors = rules[0].get("security_flavor")
        told: dict[str, Any] = {f.name: rules[0].get(f.wire) for f in cls.fields if f.wire in nfs_rules.FIELDS}
        told |= {
            "share": ground.share,
            "client": client,
            "squash": nfs_rules.squash(told["squash"]),
            "security": frozenset(n for n, on in flavors.items() if on) if isinstance(flavors, Mapping) else flavors,
            "rule": IN_FORCE if ground.on else "without effect, since NFS is switched off on the NAS",
        }
        return cls(**told)

    def unknown(self, ground: Ground) -> str:
        """Why the rules cannot be seen now."""
        return f"{ground.unseen.said}, so its NFS rules are as they were last known" if ground.unseen else ""

    def creating(self, ground: Ground) -> Plan:
        """Put it behind the rules of the others."""
        return self._save(ground, [*ground.rules, self._rule(ground)])

    def updating(self, seen: Self, ground: Ground) -> Plan:
        """Put what is declared into the place of the client's rule."""
        if all(f.same(getattr(self, f.name), getattr(seen, f.name)) for f in self.fields):
            return Plan()
        mine, ours = nfs_rules.of(ground.rules, self.client), self._rule(ground)
        return self._save(ground, [ours if rule in mine else rule for rule in ground.rules])

    def deleting(self, ground: Ground) -> Plan:
        """Take the client's rule out; a list that is empty then ends the export."""
        mine = nfs_rules.of(ground.rules, self.client)
        return self._save(ground, [rule for rule in ground.rules if rule not in mine])

    def _rule(self, ground: Ground) -> dict[str, Any]:
        return {
            "client": self.client,
            "privilege": self.access,
            "root_squash": nfs_rules.squashed(self.squash, ground.rules),
            "async": self.asynchronous,
            "insecure": self.any_port,
            "crossmnt": self.subfolders,
            "security_flavor": {flavor: flavor in self.security for flavor in FLAVORS},
        }

    def _save(self, ground: Ground, rules: list[Any]) -> Plan:
        """One request with the whole list, unless it cannot be made, or not without a risk for the others' rules."""
        if hindered := self._hindered(ground):
            return Plan(blocked=hindered)
        share = {"share_name": self.share}
        whole = Replaced(f"{API} load", share, ground.answer, {**(ground.answer or {}), "rule": rules})
        step = Ask("dsm", f"{API} save", {**share, "rule": rules}, replaces=whole)
        ended = () if rules else (f"shared folder {self.share} is exported to nobody afterwards",)
        return Plan((step,), losses=ended)

    def _hindered(self, ground: Ground) -> Blocked | None:
        if ground.unseen:
            return away(ground.unseen)
        if not ground.there:
            return Blocked(
                f"the NAS has no shared folder {self.share}",
                "make it in DSM, Control Panel, Shared Folder; this never makes or removes one",
                "refused",
            )
        if not ground.on:
            return Blocked(
                "NFS is switched off on the NAS, and DSM saves no rules then",
                "switch it on in DSM, Control Panel, File Services, NFS",
                "refused",
            )
        if odd := nfs_rules.strange(ground.rules):
            said = f"shared folder {self.share} cannot be saved without a risk for what others have in it: {odd}"
            return Blocked(said, "change this client's rule in DSM, and report that with this line", "refused")
        return None
