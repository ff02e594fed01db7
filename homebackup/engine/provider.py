"""The Pulumi protocol: a configuration as before is answered here, all else by what is imported then."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue

from homebackup.model.configuration import DEADMAN, NOTIFY

if TYPE_CHECKING:
    from homebackup.engine.keeper import Keeper


class HomeBackupProvider(protocol.Provider):
    """Serves every resource of the `resources` folder on one site; `engine` is the address of Pulumi's."""

    # Pulumi starts this process twice for a preview, waits for it, and only compares the configuration in the second.

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._config: Mapping[str, PropertyValue] = {}

    @cached_property
    def keeper(self) -> "Keeper":
        """Who answers for resources."""
        from homebackup.engine.configuration import texts
        from homebackup.engine.keeper import Keeper
        from homebackup.engine.log import Log

        return Keeper(Log(self._engine), texts(self._config))

    async def get_schema(self, request: protocol.GetSchemaRequest) -> protocol.GetSchemaResponse:
        """The schema of all resources and of the configuration."""
        from homebackup.engine.schema import provider_schema

        return protocol.GetSchemaResponse(json.dumps(provider_schema()))

    async def check_config(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Refuses a configuration that cannot work, property by property; whom to tell is kept out of the state.

        One that was taken before is taken again; it is read once more when the site is first looked at.
        """
        inputs = {name: value for name, value in request.new_inputs.items() if name not in (NOTIFY, DEADMAN)}
        if inputs and inputs == request.old_inputs:
            return protocol.CheckResponse(inputs)
        from homebackup.engine.configuration import wrong

        return protocol.CheckResponse(inputs, wrong(inputs))

    async def diff_config(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """Another way to the same site replaces nothing."""
        if request.old_state == request.new_inputs:
            return protocol.DiffResponse(changes=False)
        from homebackup.engine.configuration import changed

        names = changed(request.old_state, request.new_inputs)
        return protocol.DiffResponse(changes=bool(names), diffs=names)

    async def configure(self, request: protocol.ConfigureRequest) -> protocol.ConfigureResponse:
        """Takes the configuration; nothing is connected before it is needed."""
        self._config = request.args
        return protocol.ConfigureResponse(accept_secrets=True, supports_preview=True, accept_outputs=True)

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """See `Keeper.check`."""
        return await self.keeper.check(request)

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """See `Keeper.diff`."""
        return await self.keeper.diff(request)

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:
        """See `Keeper.create`."""
        return await self.keeper.create(request)

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:
        """See `Keeper.read`."""
        return await self.keeper.read(request)

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:
        """See `Keeper.update`."""
        return await self.keeper.update(request)

    async def delete(self, request: protocol.DeleteRequest) -> None:
        """See `Keeper.delete`."""
        await self.keeper.delete(request)

    async def invoke(self, request: protocol.InvokeRequest) -> protocol.InvokeResponse:
        """See `Keeper.invoke`."""
        return await self.keeper.invoke(request)

    async def cancel(self) -> None:
        """Nothing to do: every step has its own deadline and the next run goes on from what is there."""
