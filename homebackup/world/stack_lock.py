"""The locks that Pulumi keeps on a stack in a folder, and what it was in the middle of when it was killed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from homebackup.world.errors import Refused
from homebackup.world.processes import lives, machine
from homebackup.world.pulumi_cli import PulumiCli


@dataclass(frozen=True)
class Lock:
    """A lock on a stack: the process that took it, as its file says; 0 and empty texts where that cannot be read."""

    process: int
    user: str
    machine: str
    since: datetime

    @property
    def here(self) -> bool:
        """Whether this machine can tell if the process still lives."""
        return self.machine == machine() and self.process > 0

    @property
    def held(self) -> bool:
        """Whether the process that took it still lives; only where it is `here`."""
        return self.here and lives(self.process, self.since)

    @property
    def said(self) -> str:
        """Who holds it since when."""
        since = f"{self.since.astimezone():%Y-%m-%d %H:%M:%S %z}"
        return f"process {self.process} of {self.user or 'somebody'} on {self.machine or 'some machine'} since {since}"


@dataclass(frozen=True)
class Pending:
    """An operation that Pulumi began and never ended: creating, updating, deleting …, and the resource's URN."""

    doing: str
    urn: str

    @property
    def resource(self) -> str:
        """Type and name of the resource."""
        parts = self.urn.split("::")
        return f"{parts[2].rpartition('$')[2].rpartition(':')[2]} {parts[-1]}" if len(parts) > 3 else self.urn


async def locks(pulumi: PulumiCli) -> list[Lock] | None:
    """The locks on the stack, oldest first; None where the state is not in a folder, so that they cannot be seen."""
    about = json.loads(await pulumi.run("whoami", "--json", "--verbose"))
    folder = _folder(str(about.get("url", "")), pulumi.folder)
    if folder is None:
        return None
    whole = (await pulumi.run("stack", "--show-name", "--fully-qualify-stack-names")).strip()
    places = (folder / ".pulumi" / "locks" / whole, folder / ".pulumi" / "locks" / whole.rpartition("/")[2])
    try:
        files = [file for place in places for file in place.glob("*.json")]
        return sorted((_read(file) for file in files), key=lambda lock: lock.since)
    except OSError as error:
        raise Refused(
            f"stack {whole}", f"its locks cannot be read ({error.strerror or error})", "correct the permissions of them"
        ) from None


async def pending(pulumi: PulumiCli) -> list[Pending]:
    """What the stack's last run began and never ended."""
    state: Any = json.loads(await pulumi.run("stack", "export"))
    operations = (state.get("deployment") or {}).get("pending_operations") or []
    return [Pending(str(o.get("type", "")), str((o.get("resource") or {}).get("urn", ""))) for o in operations]


def _folder(url: str, project: Path) -> Path | None:
    """The folder that a backend's address names, None when it names none."""
    if not url.startswith("file://"):
        return None
    parts = urlsplit(url)
    path = Path(unquote(parts.netloc + parts.path)).expanduser()
    return path if path.is_absolute() else project / path


def _read(file: Path) -> Lock:
    """The lock in a file; one that cannot be read is somebody's, since the file was written."""
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    try:
        said = json.loads(file.read_text())
        since = datetime.fromisoformat(said["timestamp"])
        return Lock(int(said["pid"]), str(said["username"]), str(said["hostname"]), since)
    except (ValueError, LookupError, TypeError):
        return Lock(0, "", "", written)
