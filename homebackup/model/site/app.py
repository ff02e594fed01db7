"""Something in a guest that makes backups of its own, as a site's owner declares it."""

from typing import Self

from homebackup.model.kinds import AbsolutePath, Text, Vmid
from homebackup.model.site.assessed import Assessed
from homebackup.model.site.dump import Dump
from homebackup.model.site.parts import Classification, Hours, Part, Waiting


class App(Part):
    """Something in a guest that makes backups of its own, as files."""

    guest: Vmid
    classification: Classification
    stale_after_hours: Hours
    path: AbsolutePath | None = None
    """Directory of the files."""
    glob: Text = "*"
    """Which files of the directory are backups; for a dump those that it makes, unless given."""
    host: Text | None = None
    """Whose directory it is, as the inventory names hosts; the inventory's host unless named."""
    notes: Text = ""
    dump: Dump | None = None
    """The script that makes them in the guest; without a path they are looked at there."""
    assess: Assessed | None = None
    """Another instance that may hold the same data; `homebackup app assess` asks both."""
    deferred: Waiting | None = None
    """Why its backup waits; it then needs no path."""

    @property
    def in_guest(self) -> bool:
        """Whether its files are looked at inside the guest."""
        return self.dump is not None and self.host == _host(self.guest)

    def named(self, name: str) -> Self:
        """The same with what follows from its dump: which files, and where they are unless that is said."""
        if self.dump is None:
            return self
        told = {} if self.path else {"path": self.dump.to, "host": _host(self.guest)}
        return self.model_copy(update={**told, **({"glob": self.dump.made(name).glob} if self.glob == "*" else {})})


def _host(vmid: int) -> str:
    return f"guest {vmid}"
