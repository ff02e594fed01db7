"""What is to run by the clock on this machine, as a preview shows it; a stand-in answers for systemd."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.pulumi.cli import Stack

pytestmark = pytest.mark.pulumi


def test_a_preview_shows_the_units_and_makes_none(stack: Stack, tmp_path: Path) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text("#!/bin/sh\necho ActiveState=inactive\necho UnitFileState=\n")
    systemctl.chmod(0o755)
    stack.environment["PATH"] = f"{tmp_path}{os.pathsep}{stack.environment['PATH']}"
    stack.environment["XDG_CONFIG_HOME"] = str(tmp_path)
    stack("config", "set", "--path", "home-backup:site.timers.notify", "*:0/30")
    said = stack("preview").stdout
    assert "homebackup:components:ScheduledVerbs" in said
    assert f"homebackup-notify-{stack.name}.timer here" in said
    assert "OnCalendar=*:0/30" in said
    assert f"enable --now homebackup-notify-{stack.name}.timer" in said
    assert not list(tmp_path.rglob("*.timer"))
    assert not list(Path("/etc/systemd/system").glob("homebackup-notify-*"))
    stack("config", "set", "--path", "home-backup:site.timers.drill", "sun 12:00")
    stack("config", "rm", "--path", "home-backup:site.drill")
    assert "timers.drill: needs drill.vmids" in stack("preview", exits=None).stdout
