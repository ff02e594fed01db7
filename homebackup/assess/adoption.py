"""What `pulumi import --file` takes over: resources with their components around them, as the program makes them."""

from collections.abc import Iterable
from typing import Any

from homebackup.assess.audit import Item
from homebackup.assess.wanted import Wanted
from homebackup.model.state import Deployed


def import_file(items: Iterable[Item], stack: str, project: str, state: Deployed) -> dict[str, Any]:
    """The file's content; components that the state lacks are taken over with what they hold."""
    taken = _Taken(f"urn:pulumi:{stack}::{project}::", state)
    for item in items:
        if item.wanted is not None:
            taken.add(item.wanted)
    return {"nameTable": taken.table, "resources": taken.resources}


class _Taken:
    """The file as it grows; names in it are made up, since a component and what it holds share one in Pulumi."""

    def __init__(self, urn: str, state: Deployed) -> None:
        self.table: dict[str, str] = {}
        self.resources: list[dict[str, Any]] = []
        self._urn, self._state = urn, state
        self._names: dict[str, str] = {}

    def add(self, wanted: Wanted) -> None:
        """Take over a resource, and the components around it."""
        chain, parent = "", ""
        for type_, alias in wanted.parents:
            chain = f"{chain}${type_}" if chain else type_
            parent = self._component(f"{self._urn}{chain}::{alias}", type_, alias, parent)
        self._put(wanted.token, wanted.alias, parent, id=wanted.name)

    def _component(self, urn: str, type_: str, alias: str, parent: str) -> str:
        """The name in the file of a component."""
        if urn not in self._names:
            self._names[urn] = f"{type_.rpartition(':')[2]} {alias}"
            if urn in self._state.urns:
                self.table[self._names[urn]] = urn
            else:
                self._put(type_, alias, parent, component=True)
        return self._names[urn]

    def _put(self, type_: str, alias: str, parent: str, **more: Any) -> None:
        name = f"{type_.rpartition(':')[2]} {alias}"
        around = {"parent": parent} if parent else {}
        self.resources.append({"type": type_, "name": name, "logicalName": alias, **more, **around})
