"""A dump's script on this machine, as in a guest: written whole, run by /bin/sh, and what comes of it."""

from __future__ import annotations

import gzip
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homebackup.model.dump_recipe import Recipe

SECONDS = 120
"""What one dump may take on a busy machine."""


@dataclass
class Dumping:
    """A target directory and the script that dumps into it."""

    folder: Path
    values: dict[str, Any]

    @property
    def recipe(self) -> Recipe:
        """What the script is made of."""
        return Recipe(**{"name": "app", "to": str(self.target), "keep": 3, "recipient": ""} | self.values)

    @property
    def target(self) -> Path:
        """Where the dumps go."""
        return self.folder / "dumps of it's app"

    @property
    def script(self) -> Path:
        """The script's file."""
        return self.folder / "homebackup-dump-app"

    def run(
        self, *words: str, path: str | None = None, before: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Write the script and run it; `path` is its PATH, `before` stands before the command."""
        self.target.mkdir(exist_ok=True)
        self.script.write_text(self.recipe.script)
        environment = {**os.environ, **({} if path is None else {"PATH": path})}
        command = [*before, "/bin/sh", str(self.script), *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)

    def made(self) -> Path:
        """The newest dump after a run that went well."""
        done = self.run()
        assert done.returncode == 0, done.stderr
        return self.dumps()[-1]

    def refused(self, *words: str, **how: Any) -> str:
        """The one sentence of a run that failed, after which every dump is as it was and nothing is left over."""
        before = self.content()
        done = self.run(*words, **how)
        assert done.returncode != 0, done.stdout
        assert self.content() == before
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr.strip()

    def dumps(self) -> list[Path]:
        """The complete dumps, the newest last."""
        return sorted(self.target.glob(self.recipe.glob))

    def content(self) -> dict[str, bytes]:
        """Every file of the target."""
        return {path.name: path.read_bytes() for path in self.target.iterdir()} if self.target.exists() else {}

    def older(self, day: int, size: int) -> Path:
        """A dump of an earlier day, with so many bytes."""
        self.target.mkdir(exist_ok=True)
        path = self.target / f"app-202601{day:02}T000000Z{self.recipe.ending}"
        path.write_bytes(gzip.compress(b"")[:10].ljust(size, b"x")[:size])
        return path


def without(folder: Path, *commands: str) -> str:
    """A PATH on which every command is but those."""
    folder.mkdir()
    for part in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for program in Path(part).iterdir() if Path(part).exists() else ():
            link = folder / program.name
            if program.name not in commands and not link.is_symlink():
                link.symlink_to(program)
    return str(folder)
