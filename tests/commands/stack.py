"""A stack as verbs see it, kept in memory: its configuration, and every command of Pulumi that was run on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from homebackup.model.receipts import Entry
from homebackup.world.journal import entries, place
from homebackup.world.pulumi_cli import PulumiCli


class PlayedStack(PulumiCli):
    """Answers `config set`, and whatever else is put into `answers` by the command's words."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "Pulumi.yaml").write_text("name: home-backup\n")
        super().__init__(folder, "home")
        self.stored: dict[str, str] = {}
        self.declared: Any = None
        self.ran: list[str] = []
        self.answers: dict[str, str | Exception] = {}

    async def config(self) -> dict[str, Any]:
        stored: dict[str, Any] = {f"homebackup:{key}": value for key, value in self.stored.items()}
        return stored | ({} if self.declared is None else {"home-backup:site": self.declared})

    async def run(self, *arguments: str) -> str:
        said = " ".join(arguments)
        self.ran.append(said)
        if arguments[:2] == ("config", "set"):
            self.stored[arguments[2].partition(":")[2]] = arguments[3]
            return ""
        answer = self.answers[said]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def keep_secret(self, key: str, value: str) -> None:
        self.ran.append(f"config set {key} --secret")
        self.stored[key.partition(":")[2]] = value

    def journal(self) -> list[Entry]:
        """What was kept of what was done."""
        return entries(place(self.folder))[0]
