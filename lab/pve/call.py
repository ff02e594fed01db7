"""One call under way: who asks, with what, of which node; handlers get it as their only argument."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.clock import Clock
from lab.node.root import Root
from lab.pve.access import Access
from lab.pve.files import Files

if TYPE_CHECKING:
    from lab.pve.api import Api


@dataclass(frozen=True)
class Actor:
    """Who calls: a user such as `ops@pve`, a token such as `root@pam!iac`, or nobody (empty)."""

    user: str

    @property
    def is_root(self) -> bool:
        """Whether root-only options are allowed: a ticket of root@pam or the command line, never a token."""
        return self.user == "root@pam"

    @property
    def owner(self) -> str:
        """The user without a token id."""
        return self.user.partition("!")[0]


ROOT = Actor("root@pam")


@dataclass
class Call:
    """A call whose permission and parameters were already checked."""

    api: "Api"
    actor: Actor
    method: str
    path: str
    """As it was sent, without /api2/json."""
    params: dict[str, Any]
    """Path, query and body parameters together, converted by the schema: int for booleans and integers."""
    cli: bool = False
    total: int | None = None
    """What a handler sets to have `total` beside `data`."""

    @property
    def root(self) -> Root:
        """The node's files."""
        return self.api.root

    @property
    def files(self) -> Files:
        """The node's configuration files, parsed when changed."""
        return self.api.files

    @property
    def clock(self) -> Clock:
        """The lab's clock."""
        return self.api.clock

    @property
    def access(self) -> Access:
        """Users, roles, ACLs and pools as they are now."""
        return self.api.access

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter, or the default where it was not sent (or sent as JSON's null)."""
        value = self.params.get(name)
        return default if value is None else value

    def text(self, name: str) -> str:
        """A text parameter, empty where it was not sent."""
        return str(self.get(name, ""))

    def may(self, path: str, *privileges: str, any_of: bool = False) -> bool:
        """Whether the actor has the privileges (all, or any) on the path."""
        return self.access.may(self.actor.user, path, privileges, any_of=any_of)

    def need(self, path: str, *privileges: str, any_of: bool = False) -> None:
        """Raise Forbidden unless the actor has the privileges (all, or any) on the path."""
        self.access.need(self.actor.user, path, privileges, any_of=any_of)
