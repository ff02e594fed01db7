"""The API of the node without a transport: HTTP and the command line both go through `Api.call`."""

import secrets
from dataclasses import dataclass
from typing import Any

from lab.clock import Clock
from lab.nas import Nas
from lab.node.root import Root
from lab.pve import fixture as fixtures
from lab.pve.access import Access
from lab.pve.call import Actor, Call
from lab.pve.declared import need_declared
from lab.pve.errors import ApiError, BadParameters, Died
from lab.pve.files import Files
from lab.pve.routes import find
from lab.pve.tasks import Tasks
from lab.pve.tickets import Tickets

CONFLICT = "duplicate parameter (already defined in URI) with conflicting values!"


@dataclass(frozen=True)
class Answer:
    """What came of a call. `body` is False where Proxmox sends none."""

    status: int
    reason: str
    data: Any = None
    errors: dict[str, str] | None = None
    message: str | None = None
    total: int | None = None
    body: bool = True


class Api:
    """One Proxmox VE node: its files are in `root`, its state beyond them (tasks, running guests) here."""

    def __init__(
        self, *, root: Root, clock: Clock, nas: Nas, fixture: dict[str, Any], password: str | None = None
    ) -> None:
        """`fixture` is the content of a file in lab/fixtures; `password` that of every user, else the fixture's."""
        self.root = root
        self.clock = clock
        self.nas = nas
        self.fixture = fixture
        self.node: str = fixture["node"]
        self.version: str = str(fixture.get("version", "8.4.1"))
        self.password = password or str(fixture.get("password") or secrets.token_urlsafe(12))
        self.fingerprint = ":".join(["00"] * 32)
        """SHA-256 of the certificate; whoever serves the API sets it."""
        self.files = Files(root)
        self.access = Access(self.files)
        self.tickets = Tickets(clock)
        self.tasks = Tasks(self.node, clock)
        self.running: dict[int, float] = {}
        """Running guests -> when they were started."""
        self.state: dict[str, Any] = {}
        """What else other modules must remember until the next reset."""
        self.reset()

    def reset(self) -> None:
        """Back to the fixture: files, running guests, tasks."""
        for task in self.tasks:
            self.tasks.stop(task)
        self.tasks = Tasks(self.node, self.clock)
        self.state.clear()
        self.running.clear()
        fixtures.apply(self, self.fixture)

    async def call(self, actor: Actor, method: str, path: str, params: dict[str, Any], *, cli: bool = False) -> Answer:
        """Answer one request. `path` is without /api2/json; failures come back as an Answer, too."""
        try:
            found, given = find(method, path)
            for name, value in given.items():
                if name in params and str(params[name]) != value:
                    raise BadParameters({name: CONFLICT})
            values = {**params, **given}
            need_declared(self.access, actor.user, found.permissions, values)
            if found.proxied and (node := values["node"]) not in (self.node, "localhost"):
                raise Died(
                    f"hostname lookup '{node}' failed - failed to get address info for: {node}: "
                    "Temporary failure in name resolution"
                )
            call = Call(self, actor, method, path, found.schema.verify(values), cli)
            data = await found.handler(call)
            return Answer(200, "OK", data, total=call.total or None)
        except ApiError as error:
            return failure(error)
        except OSError as error:
            return failure(Died(f"{error.filename or path}: {error.strerror}"))


def failure(error: ApiError) -> Answer:
    """The answer that an error is."""
    reason = error.message.split("\n", 1)[0]
    return Answer(error.status, reason, None, error.errors, error.message if error.body else None, body=error.body)
