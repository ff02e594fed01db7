"""What Pulumi asks of a resource, answered from its declaration and the site; knows no resource by name."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue

from homebackup.engine.codec import lift_all, lower_all, secrets, state
from homebackup.engine.log import Log
from homebackup.engine.said import Said
from homebackup.model import notices
from homebackup.model.declare import (
    HTTPS_ONLY,
    ROOT_ONLY,
    UNKNOWN,
    Field,
    changes,
    check,
    doubtful,
    doubts,
    https_only,
    name_of,
    root_only,
)
from homebackup.model.hidden import Hidden
from homebackup.model.lifecycle import Managed
from homebackup.model.steps import Plan
from homebackup.resources import RESOURCES
from homebackup.world.connection import Connection
from homebackup.world.errors import Missing, Refused, Trouble

if TYPE_CHECKING:
    from homebackup.engine.lifecycle import Lifecycle
    from homebackup.world.journal import Journal
    from homebackup.world.live_site import LiveSite


RUNNING = "homebackup:index:running"
"""The function that tells which guests run."""


class Keeper:
    """Keeps every resource of the `resources` folder on one site, which is reached as configured."""

    def __init__(self, log: Log, config: Mapping[str, str]) -> None:
        self.log = log
        self.said = Said()
        self._config = config
        self._replaced: dict[str, Mapping[str, Any]] = {}
        """By URN what a diff of this run found to be replaced."""

    @cached_property
    def connection(self) -> Connection:
        """How the site is reached."""
        return Connection.parse(self._config)

    @cached_property
    def site(self) -> "LiveSite":
        """The configured site, whose library is imported when the first resource is looked at."""
        from homebackup.world.live_site import LiveSite

        return LiveSite(self.connection)

    @cached_property
    def journal(self) -> "Journal":
        """Where this process keeps what it did, in the folder that Pulumi started it in: the project's."""
        from homebackup.world.journal import Journal, place

        return Journal(place(Path()), "pulumi", self.connection.secrets)

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Inputs in normal form, or the reason for each that is wrong."""
        cls = self._class(request.type)
        given, names = lower_all(cls, request.new_inputs), secrets(cls, request.new_inputs)
        hidden = Hidden.of(cls.fields, names, given)
        inputs, wrong = check(cls, given)
        if self._config:
            for f in cls.fields:
                if inputs.get(f.name) is not None and (reason := self._unsettable(f)):
                    wrong.setdefault(f.name, reason)
        camel = {f.name: f.camel for f in cls.fields}
        failures = [
            protocol.CheckFailure(camel.get(name, name), f"{camel.get(name, name)}: {hidden.clean(reason)}")
            for name, reason in sorted(wrong.items())
        ]
        if not failures:
            self.said.hear(cls, inputs)
            for doubt in [*doubts(cls, given), *doubtful(cls, inputs)]:
                await self.log.warning(request.urn, hidden.clean(doubt))
        return protocol.CheckResponse(lift_all(cls, inputs, names), failures)

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """Every field whose meaning differs; order, spelling and Proxmox VE's defaults are no difference."""
        cls = self._class(request.type)
        old, new = state(cls, request.old_state), state(cls, request.new_inputs)
        fields = {f.name: f for f in cls.fields}
        ignored = set(request.ignore_changes)
        differing = {
            fields[name]: replace
            for name, replace in changes(cls, old, new).items()
            if fields[name].camel not in ignored
        }
        if True in differing.values():
            self._replaced[request.urn] = old
        return protocol.DiffResponse(
            changes=bool(differing),
            diffs=[f.camel for f in differing],
            replaces=[f.camel for f, replace in differing.items() if replace],
            delete_before_replace=True,
            detailed_diff={
                f.camel: protocol.PropertyDiff(_kind(old.get(f.name), new.get(f.name), replace), input_diff=False)
                for f, replace in differing.items()
            },
        )

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:
        """Makes the resource, or takes over an equal one; a preview says what will be done."""
        cls, new = self._wanted(request.type, request.properties)
        name, names = name_of(cls, new), secrets(cls, request.properties)
        if UNKNOWN in new.values():
            return protocol.CreateResponse(name, lift_all(cls, new, names))
        async with self._lifecycle(cls, name, request.urn, Hidden.of(cls.fields, names, new)) as lifecycle:
            if request.preview and (old := self._replaced.get(request.urn)):
                made = await self._replacement(lifecycle, old, cls(**new))
            else:
                made = await lifecycle.create(cls(**new), preview=request.preview)
        return protocol.CreateResponse(name, lift_all(cls, vars(made), names))

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:
        """The resource as it is; no id when it is not there."""
        cls = self._class(request.type)
        known = state(cls, request.properties or request.inputs) if request.properties or request.inputs else {}
        names = secrets(cls, request.properties, request.inputs)
        hidden = Hidden.of(cls.fields, names, known)
        async with self._lifecycle(cls, request.resource_id, request.urn, hidden) as lifecycle:
            found = await lifecycle.read(known)
        if found is None:
            if not known:
                raise Missing(
                    lifecycle.subject,
                    "it is not there, so it cannot be imported",
                    "look for its name in Proxmox VE or on the host",
                )
            return protocol.ReadResponse()
        values = lift_all(cls, vars(found), names)
        return protocol.ReadResponse(request.resource_id, values, values)

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:
        """Makes the new one of the old; a preview says what will be done."""
        cls, new = self._wanted(request.type, request.news)
        names, old = secrets(cls, request.news), state(cls, request.olds)
        if UNKNOWN in new.values():
            return protocol.UpdateResponse(lift_all(cls, new, names))
        hidden = Hidden.of(cls.fields, names | secrets(cls, request.olds), old, new)
        async with self._lifecycle(cls, request.resource_id, request.urn, hidden) as lifecycle:
            made = await lifecycle.update(old, cls(**new), preview=request.preview)
        return protocol.UpdateResponse(lift_all(cls, vars(made), names))

    async def delete(self, request: protocol.DeleteRequest) -> None:
        """Removes the resource and nothing that it kept."""
        cls = self._class(request.type)
        old = state(cls, request.properties)
        hidden = Hidden.of(cls.fields, secrets(cls, request.properties), old)
        async with self._lifecycle(cls, request.resource_id, request.urn, hidden) as lifecycle:
            await lifecycle.delete(old)

    async def _replacement(self, lifecycle: "Lifecycle", old: Mapping[str, Any], new: Any) -> Any:
        """Say of one that is replaced what goes, too: Pulumi asks nobody about that, and it is still there."""
        goes = lifecycle.beside(name_of(lifecycle.cls, old))
        for notice in notices.of((await goes.deletion(old)).then(await lifecycle.creation(new))):
            lifecycle.say(notice)
        return new

    async def invoke(self, request: protocol.InvokeRequest) -> protocol.InvokeResponse:
        """The one function that there is: the `vmids` of the guests that run, none where they cannot be seen."""
        if request.tok != RUNNING:
            raise Refused(f"function {request.tok}", "homebackup has no such function", f"call {RUNNING}")
        try:
            listed = await self.site.listing("/cluster/resources")
        except Trouble:
            listed = []
        running = [str(row["vmid"]) for row in listed if row.get("status") == "running" and "vmid" in row]
        return protocol.InvokeResponse({"vmids": PropertyValue(",".join(running))})

    def _unsettable(self, f: Field) -> str:
        """Why the field cannot be set the way the site is reached; empty when it can."""
        if root_only in f.marks and not self.connection.is_root:
            return ROOT_ONLY
        return HTTPS_ONLY if https_only in f.marks and self.connection.api == "ssh" else ""

    async def _weigh(self, plan: Plan, seen: Any, new: Any) -> Plan:
        from homebackup.engine.guard import Guard

        return await Guard(self.site, self.said).weighed(plan, seen, new)

    @asynccontextmanager
    async def _lifecycle(self, cls: type[Managed], name: str, urn: str, hidden: Hidden) -> AsyncIterator["Lifecycle"]:
        """The resource's lifecycle; all that it said has reached the owner when this is left."""
        from homebackup.engine.lifecycle import Lifecycle

        say = self.log.sayer(urn)
        record = self.journal.of(urn.split("::")[0].rpartition(":")[2], f"{cls.noun} {name}", say)
        try:
            yield Lifecycle(self.site, cls, name, say, urn, record, hidden, self._weigh)
        finally:
            await self.log.sent()

    def _class(self, token: str) -> type[Managed]:
        name = token.rsplit(":", 1)[-1]
        if name not in RESOURCES:
            raise Refused(
                f"resource type {token}", "homebackup has no such resource", f"use one of {', '.join(RESOURCES)}"
            )
        return RESOURCES[name]

    def _wanted(self, token: str, properties: Mapping[str, PropertyValue]) -> tuple[type[Managed], dict[str, Any]]:
        cls = self._class(token)
        given = lower_all(cls, properties)
        inputs, wrong = check(cls, given)
        if wrong:
            said = "; ".join(f"{name} {reason}" for name, reason in wrong.items())
            hidden = Hidden.of(cls.fields, secrets(cls, properties), given)
            raise Refused(token, hidden.clean(said), "correct the declaration")
        return cls, inputs


def _kind(old: Any, new: Any, replace: bool) -> protocol.PropertyDiffKind:
    kind = "ADD" if old is None else "DELETE" if new is None else "UPDATE"
    return protocol.PropertyDiffKind[f"{kind}_REPLACE" if replace else kind]
