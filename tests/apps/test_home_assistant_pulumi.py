"""The home stack with the real Pulumi CLI on the lab and a real Home Assistant Core: kept, verified, put back."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from homebackup.resources.home_assistant_backup import FRESH
from homebackup.world.home_assistant import HomeAssistant
from tests.apps.conftest import way, without_storage
from tests.apps.core import Core
from tests.apps.supervisor import Supervisor
from tests.pulumi.cli import Ran, Stack
from tests.pulumi.conftest import on_the_lab
from tests.running_lab import Lab

SITE = "home-backup:site"
FIRST, SECOND = "the-first-key-of-the-home", "the-second-key-of-the-home"
UPDATE = "backup/config/update"


def reaching(tmp_path: Path, lab: Lab, core: Core, declared: Mapping[str, Any]) -> Stack:
    """The stack `lab`, which reaches a Core and has a key for its backups."""
    stack = on_the_lab(tmp_path, lab)
    file = stack.project / "Pulumi.lab.yaml"
    told = yaml.safe_load(file.read_text())
    told["config"][SITE]["home-assistant"] |= declared
    file.write_text(yaml.safe_dump(told))
    stack("config", "set", "homebackup:homeAssistantUrl", core.url)
    stack("config", "set", "--secret", "homebackup:homeAssistantToken", core.token)
    stack("config", "set", "--secret", "homeAssistantKey", FIRST)
    return stack


def ask(core: Core, command: str, data: Mapping[str, Any] | None = None) -> Any:
    async def answer() -> Any:
        client = HomeAssistant(way(core))
        try:
            return await client.ask(command, data)
        finally:
            await client.close()

    return asyncio.run(answer())


def settings(core: Core) -> dict[str, Any]:
    config = ask(core, "backup/config/info")["config"]
    return {part: config[part] for part in FRESH}


def verb(stack: Stack, *words: str) -> Ran:
    done = subprocess.run(
        ["homebackup", *words, "--stack", stack.name, "--cwd", str(stack.project)],
        env=stack.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def plain(tmp_path: Path, lab: Lab, running_core: Core) -> Stack:
    """The stack with backups on the Core's own disk, since without a Supervisor there is no network storage."""
    ask(running_core, UPDATE, FRESH)
    for backup in ask(running_core, "backup/info")["backups"]:
        ask(running_core, "backup/delete", {"backup_id": backup["backup_id"]})
    return reaching(tmp_path, lab, running_core, {"mount": None, "agents": ["backup.local"], "all-addons": False})


def test_the_settings_live_with_the_stack_and_their_keys_stay_secret(plain: Stack, running_core: Core) -> None:
    shown = plain("preview").stdout
    assert f"home-assistant {UPDATE} " in shown
    assert FIRST not in shown
    assert settings(running_core)["create_backup"]["agent_ids"] == []
    plain("up", "--yes", "--skip-preview")
    kept = settings(running_core)
    assert (kept["create_backup"]["password"], kept["schedule"]["time"]) == (FIRST, "05:00:00")
    assert kept["retention"] == {"copies": 7, "days": None}
    plain("preview", "--expect-no-changes")

    ask(running_core, UPDATE, {"schedule": {"recurrence": "daily", "time": "01:00:00"}})
    drift = verb(plain, "drift")
    assert (drift.exit, "time is 01:00, declared 05:00" in drift.stdout) == (7, True), drift
    plain("up", "--yes", "--skip-preview")
    assert settings(running_core) == kept

    assert verb(plain, "app", "run", "home-assistant").exit == 0
    plain("config", "set", "--secret", "homeAssistantKey", SECOND)
    assert SECOND not in plain("up", "--yes", "--skip-preview").stdout
    assert verb(plain, "app", "run", "home-assistant").exit == 0
    keys = json.loads(verb(plain, "app", "keys", "--reveal", "--json").stdout)
    assert [(row["value"], len(row["opens"])) for row in keys["keys"]] == [(FIRST, 1), (SECOND, 1)]
    assert FIRST not in verb(plain, "app", "keys").stdout
    verified = verb(plain, "app", "verify", "home-assistant")
    assert (verified.exit, "opens with key 2 of 2" in verified.stdout) == (0, True), verified
    state = json.dumps(plain("stack", "export").json())
    assert not any(secret in state for secret in (FIRST, SECOND, running_core.token))

    told = verb(plain, "status", "--json")
    assert told.stdout, told
    (judged,) = (one for one in told.json()["verdicts"] if one["name"] == "app home-assistant")
    assert (judged["counted"], judged["state"] == "UNKNOWN") == (True, False), judged
    plain("destroy", "--yes", "--skip-preview")
    after = settings(running_core)
    assert (after["create_backup"]["agent_ids"], after["schedule"]["recurrence"]) == ([], "never")
    assert len(ask(running_core, "backup/info")["backups"]) == 2


def test_network_storage_comes_before_what_goes_there_and_ends_after_it(
    tmp_path: Path, lab: Lab, running_supervised: Core, supervisor: Supervisor
) -> None:
    asyncio.run(without_storage(running_supervised, supervisor))
    stack = reaching(tmp_path, lab, running_supervised, {})
    shown = stack("preview").stdout
    assert "home-assistant supervisor/api" in shown
    assert "unknown: Home Assistant offers no hassio.nas_backups now" in shown
    stack("up", "--yes", "--skip-preview")
    assert supervisor.mounts["nas_backups"]["path"] == "/volume1/backups/homeassistant_backups"
    assert settings(running_supervised)["create_backup"]["agent_ids"] == ["hassio.nas_backups"]
    stack("preview", "--expect-no-changes")
    supervisor.mounts["nas_backups"]["state"] = "failed"
    assert "its state is failed" in verb(stack, "drift").stdout
    stack("up", "--yes", "--skip-preview")
    assert supervisor.mounts["nas_backups"]["state"] == "active"
    stack("destroy", "--yes", "--skip-preview")
    assert supervisor.mounts == {}
    assert settings(running_supervised)["create_backup"]["agent_ids"] == []
