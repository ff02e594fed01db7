"""A PostgreSQL cluster of one's own, as Debian packages the server, on a socket in a directory."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path:
    """Where the server's programs are, those of the newest version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    assert found, "PostgreSQL's server is not installed; it is Debian's package postgresql"
    return found[-1]


class Cluster:
    """A running server; whoever reaches its socket is its superuser `postgres`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def dump(self) -> str:
        """The command that dumps all of it."""
        return f"{programs()}/pg_dumpall --clean --if-exists --host={self.folder} --username=postgres"

    def sql(self, text: str, database: str = "postgres") -> str:
        """What a query or a script of them prints; psql goes on after an error, as a restore has to."""
        words = ["psql", "-X", "-q", "-A", "-t", f"--host={self.folder}", "--username=postgres", database]
        return subprocess.run(words, input=text, capture_output=True, text=True, check=True).stdout

    def end(self) -> None:
        """Stop the server at once."""
        _as_postgres(str(programs() / "pg_ctl"), "stop", "-D", str(self.folder / "data"), "-m", "immediate", "-w")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A new cluster, which goes with the block; the server takes no root and has to see its directory."""
    folder = Path(tempfile.mkdtemp(prefix="homebackup-pg-"))
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    made = Cluster(folder)
    try:
        data = str(folder / "data")
        _as_postgres(str(programs() / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        _as_postgres(str(programs() / "pg_ctl"), "start", "-D", data, "-l", f"{folder}/log", "-w", "-o", options)
        try:
            yield made
        finally:
            made.end()
    finally:
        shutil.rmtree(folder)


def _as_postgres(*words: str) -> None:
    drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    subprocess.run([*drop, *words], cwd="/", capture_output=True, check=True, timeout=120)
