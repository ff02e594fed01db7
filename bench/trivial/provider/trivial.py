"""A provider that echoes: what Pulumi and Python cost by themselves."""

import sys

from pulumi.provider.experimental import provider as wire
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import main


class Trivial(wire.Provider):
    """Whatever is declared is there."""

    async def check_config(self, request: wire.CheckRequest) -> wire.CheckResponse:
        """Take every configuration."""
        return wire.CheckResponse(request.new_inputs)

    async def configure(self, request: wire.ConfigureRequest) -> wire.ConfigureResponse:
        """Need none."""
        return wire.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: wire.CheckRequest) -> wire.CheckResponse:
        """Take every input."""
        return wire.CheckResponse(request.new_inputs)

    async def diff(self, request: wire.DiffRequest) -> wire.DiffResponse:
        """See no difference."""
        return wire.DiffResponse(changes=False)

    async def create(self, request: wire.CreateRequest) -> wire.CreateResponse:
        """Make nothing."""
        return wire.CreateResponse("nothing", request.properties)

    async def read(self, request: wire.ReadRequest) -> wire.ReadResponse:
        """Find what was declared."""
        return wire.ReadResponse(request.resource_id, request.properties, request.inputs)

    async def invoke(self, request: wire.InvokeRequest) -> wire.InvokeResponse:
        """See no guest that runs."""
        return wire.InvokeResponse({"vmids": PropertyValue("")})

    async def delete(self, request: wire.DeleteRequest) -> None:
        """Remove nothing."""


main(sys.argv[1:], "0.1.0", Trivial())
