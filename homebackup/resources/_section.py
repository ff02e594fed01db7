"""A section of a Proxmox VE configuration file: looking, finding and every plan derived from its API path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from homebackup.model.declare import Field, Value, aside, observed, secret, written
from homebackup.model.lifecycle import World
from homebackup.model.spelling import from_wire, wire_form
from homebackup.model.steps import Call, Plan


@dataclass(frozen=True)
class Needs:
    """Proxmox VE takes the field only together with this other parameter."""

    wire: str


class Section:
    """What all sections share; a class names its `api` path and what every section of its kind has `fixed`."""

    api: ClassVar[str]
    fixed: ClassVar[Mapping[str, str]] = {}
    turn: ClassVar[str] = ""
    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]

    @classmethod
    async def ground(
        cls, world: World, name: str, wanted: Mapping[str, Value], *, fresh: bool = False
    ) -> list[dict[str, Any]]:
        """Every section that the API lists, whatever its type; a fresh ground is the one section alone."""
        if not fresh:
            return await world.listing(cls.api)
        section = await world.section(cls.api, name)
        return [] if section is None else [section]

    @classmethod
    def found(cls, name: str, ground: list[dict[str, Any]], known: Mapping[str, Value]) -> Self | None:
        """The section of that name and of this type."""
        said = cls._said(name, ground)
        if said is None or any(said.get(option) != value for option, value in cls.fixed.items()):
            return None
        told = {f.name: known.get(f.name) for f in cls.fields if aside in f.marks}
        return replace(from_wire(cls, said), **told)  # type: ignore[type-var]  # every one of them is a dataclass

    @classmethod
    def _said(cls, name: str, ground: list[dict[str, Any]]) -> dict[str, Any] | None:
        return next((section for section in ground if section.get(cls.key.wire) == name), None)

    @property
    def name(self) -> str:
        """The value of its key."""
        return str(getattr(self, self.key.name))

    def unknown(self, ground: list[dict[str, Any]]) -> str:
        """Nothing is."""
        return ""

    def creating(self, ground: list[dict[str, Any]]) -> Plan:
        """One POST."""
        return Plan((Call("POST", self.api, {**self.fixed, **wire_form(self)}, self._hidden),))

    def updating(self, seen: Self, ground: list[dict[str, Any]]) -> Plan:
        """One PUT with the fields that changed; what the program dropped is sent in `delete`."""
        params: dict[str, Any] = {}
        gone = []
        told = wire_form(self)
        for f in self.fields:
            value = getattr(self, f.name)
            if observed in f.marks or f.same(value, getattr(seen, f.name)):
                continue
            if written not in f.marks and f.same(value, f.absent):
                gone.append(f.wire)
            else:
                params[f.wire] = told[f.wire]
                params |= {needed: told[needed] for needed in _needs(f) if needed in told}
        if gone:
            params["delete"] = ",".join(sorted(gone))
        if not params:
            return Plan()
        digest = (self._said(self.name, ground) or {}).get("digest")
        return Plan(
            (Call("PUT", f"{self.api}/{self.name}", params | ({"digest": digest} if digest else {}), self._hidden),)
        )

    def deleting(self, ground: list[dict[str, Any]]) -> Plan:
        """One DELETE; archives are files and stay."""
        return Plan((Call("DELETE", f"{self.api}/{self.name}"),))

    def problems(self) -> Iterator[tuple[str, str]]:
        """None beyond what each field says."""
        yield from ()

    @property
    def _hidden(self) -> frozenset[str]:
        return frozenset(f.wire for f in self.fields if secret in f.marks)


def _needs(f: Field) -> list[str]:
    return [extra.wire for extra in getattr(f.kind, "__metadata__", ()) if isinstance(extra, Needs)]
