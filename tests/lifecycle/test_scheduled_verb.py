"""A verb's timer through its life on this machine, with a stand-in for systemctl and a home of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.declare import changes, check
from homebackup.resources import RESOURCES
from homebackup.world import here
from homebackup.world.connection import Connection
from homebackup.world.errors import Refused, Unreachable
from homebackup.world.live_site import LiveSite

VERB = RESOURCES["ScheduledVerb"]
SYSTEMCTL = """\
#!/bin/sh
[ "$1" = --user ] && shift || exit 99
echo "$*" >> "$STAND_IN/said"
for unit; do :; done
case $1 in
  enable) mkdir -p "$XDG_CONFIG_HOME/systemd/user/timers.target.wants" && touch "$STAND_IN/$unit" ;;
  disable) rm "$STAND_IN/$unit" ;;
  show)
    if [ -e "$STAND_IN/$unit" ]; then state=enabled active=active; else state=disabled active=inactive; fi
    if [ -e "$STAND_IN/broken" ]; then echo "Failed to connect to bus" >&2; exit 1; fi
    echo "ActiveState=$active"; echo "UnitFileState=$state" ;;
esac
"""


@dataclass
class Desk:
    """The machine of somebody who is not root."""

    folder: Path
    said: list[str] = field(default_factory=list)

    @property
    def units(self) -> Path:
        return self.folder / "config/systemd/user"

    @property
    def told(self) -> list[str]:
        """What systemctl was told, looks left out."""
        file = self.folder / "stand-in/said"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line for line in lines if not line.startswith("show")]

    def of(self, verb: str = "drill") -> Lifecycle:
        site = LiveSite(Connection.parse({"host": "192.0.2.1"}), self.folder / "repository")
        return Lifecycle(site, VERB, f"home#{verb}", self.said.append)


def declared(schedule: str = "sun 12:00", verb: str = "drill") -> Any:
    inputs, wrong = check(VERB, {"stack": "home", "verb": verb, "schedule": schedule})
    assert not wrong
    return VERB(**inputs)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in ("bin", "stand-in", "repository"):
        (tmp_path / name).mkdir()
    (tmp_path / "bin/systemctl").write_text(SYSTEMCTL)
    (tmp_path / "bin/systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("STAND_IN", str(tmp_path / "stand-in"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("homebackup.world.here.os.geteuid", lambda: 1000)
    return Desk(tmp_path)


async def test_a_timer_is_made_seen_and_taken_away_again(desk: Desk) -> None:
    made = await desk.of().create(declared(), preview=False)
    assert {file.name for file in desk.units.glob("*.*r*")} >= {
        "homebackup-drill-home.service",
        "homebackup-drill-home.timer",
    }
    service = (desk.units / "homebackup-drill-home.service").read_text()
    assert f"-m homebackup.commands drill --next --stack home --cwd {desk.folder / 'repository'}\n" in service
    assert "User=" not in service
    assert "EnvironmentFile=-%h/.config/homebackup/environment" in service
    assert "OnCalendar=sun 12:00\n" in (desk.units / "homebackup-drill-home.timer").read_text()
    assert desk.told == ["daemon-reload", "enable --now homebackup-drill-home.timer"]
    seen = await desk.of().read(vars(made))
    assert changes(VERB, vars(seen), vars(declared())) == {}
    await desk.of().delete(vars(made))
    assert "disable --now homebackup-drill-home.timer" in desk.told
    assert [file.name for file in desk.units.iterdir()] == ["timers.target.wants"]
    assert await desk.of().read(vars(made)) is None


async def test_a_preview_touches_nothing(desk: Desk) -> None:
    await desk.of().create(declared(), preview=True)
    assert "homebackup-drill-home.timer here" in desk.said[-1]
    assert "here: systemctl --user enable --now homebackup-drill-home.timer" in desk.said[-1]
    assert not desk.units.exists()
    assert desk.told == []


@pytest.mark.parametrize("hand", ["stopped", "changed by hand"])
async def test_what_was_done_by_hand_is_seen_and_put_right(desk: Desk, hand: str) -> None:
    made = await desk.of().create(declared(), preview=False)
    if hand == "stopped":
        (desk.folder / "stand-in/homebackup-drill-home.timer").unlink()
    else:
        (desk.units / "homebackup-drill-home.service").write_text("# mine\n")
    seen = await desk.of().read(vars(made))
    assert seen.timer == hand
    assert {str(name) for name in changes(VERB, vars(seen), vars(declared()))} == {"timer"}
    await desk.of().update(vars(seen), declared(), preview=False)
    assert (await desk.of().read(vars(made))).timer == "as declared"


async def test_another_schedule_is_seen_and_put_right(desk: Desk) -> None:
    made = await desk.of().create(declared("03:00"), preview=False)
    seen = await desk.of().read(vars(declared()))
    assert (seen.schedule, seen.timer) == ("03:00", "as declared")
    assert {str(name) for name in changes(VERB, vars(made), vars(declared()))} == {"schedule"}
    await desk.of().update(vars(made), declared(), preview=False)
    assert (await desk.of().read(vars(declared()))).schedule == declared().schedule


async def test_another_machine_neither_looks_nor_changes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await desk.of().create(declared(), preview=False)
    monkeypatch.setattr(here, "machine", lambda: "laptop")
    seen = await desk.of().read(vars(made))
    assert seen.machine == made.machine
    assert any("and this is laptop, so whether it still runs is as last known" in said for said in desk.said)
    with pytest.raises(Unreachable, match=r"its timer is on .*, and this is laptop; run this on "):
        await desk.of().delete(vars(made))
    assert (desk.units / "homebackup-drill-home.timer").exists()


@pytest.mark.parametrize("lack", ["broken", "missing"])
async def test_without_systemd_nothing_is_made(desk: Desk, lack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if lack == "broken":
        (desk.folder / "stand-in/broken").touch()
    else:
        monkeypatch.setenv("PATH", str(desk.folder))
    with pytest.raises(
        Unreachable, match="Failed to connect to bus" if lack == "broken" else "systemctl on .* No such file"
    ):
        await desk.of().create(declared(), preview=False)
    assert not desk.units.exists()


async def test_a_name_that_is_none_is_refused(desk: Desk) -> None:
    desk_of = Lifecycle(desk.of().site, VERB, "home#restore", desk.said.append)
    with pytest.raises(Refused, match="names no scheduled verb; name it STACK#VERB"):
        await desk_of.read({})
