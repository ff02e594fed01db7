"""Who answers on the node's network: the NAS while it is on, the node itself, nobody else."""

import asyncio
import errno

from lab.nas import Nas
from lab.node.paths import fault
from lab.node.streams import Stream

NFS_PORTS = {111, 2049}
OWN_PORTS = {22, 8006}
UNREACHABLE_SECONDS = 3.1
"""How long the kernel looks for a host that is switched off before it says `No route to host`."""


class Socket(Stream):
    """A connection on which nothing is ever said."""

    async def read(self, size: int = -1) -> bytes:
        """The other side says nothing and closes."""
        return b""

    async def write(self, data: bytes) -> None:
        """Sent and forgotten."""


async def connect(nas: Nas, host: str, port: int, patience: float) -> Stream:
    """A connection to `host`; ECONNREFUSED from a host that is on, EHOSTUNREACH after a while from one that is not."""
    if host in ("localhost", "127.0.0.1", "::1"):
        if port in OWN_PORTS:
            return Socket()
        raise fault(errno.ECONNREFUSED, host)
    if host == nas.address and nas.on:
        if port in NFS_PORTS:
            return Socket()
        raise fault(errno.ECONNREFUSED, host)
    await asyncio.sleep(UNREACHABLE_SECONDS * patience)
    raise fault(errno.EHOSTUNREACH, host)
