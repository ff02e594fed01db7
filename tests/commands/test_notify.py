"""`homebackup notify` on the lab: who is told what and when, what the dead-man check hears, and the units for it."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from homebackup.commands import notify
from homebackup.commands.ending import TROUBLE, WELL
from homebackup.world.errors import Busy, Missing, Trouble
from homebackup.world.last_told import LastToldFile
from tests.commands.living_site import DECLARED, DUMP, settle
from tests.commands.stack import PlayedStack
from tests.commands.test_usage import ended
from tests.running_lab import Lab
from tests.world.listener import Listener

CHECK = "/6f3c8a52-tiger"


@pytest.fixture
async def phone() -> AsyncIterator[Listener]:
    async with Listener() as listener:
        yield listener


@pytest.fixture
async def deadman() -> AsyncIterator[Listener]:
    async with Listener() as listener:
        yield listener


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab, phone: Listener, deadman: Listener) -> None:
    """The lab as the stack's site, and somebody to tell."""
    stack.stored = {"lab": str(lab.ready), "notify": phone.url("/phone", "json"), "deadman": deadman.url(CHECK)}
    stack.declared = DECLARED


async def told(stack: PlayedStack, phone: Listener, *, digest: bool = False) -> list[Any]:
    """Level, title and text of each message of one run."""
    before = len(phone.heard)
    await notify._notify(stack, as_digest=digest)
    messages = [json.loads(body) for _, body in phone.heard[before:]]
    return [(message["type"], message["title"], message["message"]) for message in messages]


def signals(deadman: Listener) -> list[str]:
    """What the check heard since the last time, without its own path."""
    heard = [path.removeprefix(CHECK) or "success" for path in deadman.paths]
    deadman.heard.clear()
    return heard


def spoil(lab: Lab, vmid: int) -> None:
    lab.run(f": > {DUMP}/$(ls {DUMP} | grep -E 'vzdump-[a-z]+-{vmid}-.*(vma|tar).zst$' | tail -n 1)")


async def test_a_site_from_well_to_broken_and_back(
    stack: PlayedStack, lab: Lab, phone: Listener, deadman: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    assert await told(stack, phone) == []
    assert signals(deadman) == ["/start", "success"]

    spoil(lab, 102)
    (message,) = await told(stack, phone)
    assert message[:2] == ("failure", "home, critical: backup of 102 vaultwarden is broken")
    assert "To do: Back it up now: homebackup run 102." in message[2]
    assert message[2].endswith("All else is well.")
    assert signals(deadman) == ["/start", "/fail"]
    assert await told(stack, phone) == []
    assert signals(deadman) == ["/start", "/fail"]

    lab.control("/nas", {"power": "off"})
    (message,) = await told(stack, phone)
    assert message[0] == "warning"
    assert message[1].startswith("home: ")
    assert message[1].endswith(" backups cannot be seen")
    assert "As told before, not well: 102 vaultwarden (BROKEN, and not to be seen now)." in message[2]
    assert await told(stack, phone) == []
    assert "success" not in signals(deadman)

    lab.control("/nas", {"power": "on"})
    lab.control("/clock", {"advance": 86400})
    (message,) = await told(stack, phone)
    assert message[0] == "success"
    assert "102 vaultwarden (critical): OK after " in message[2]
    assert signals(deadman) == ["/start", "success"]
    assert "tiger" not in "".join(capsys.readouterr())


async def test_a_digest_is_sent_though_nothing_changed(stack: PlayedStack, lab: Lab, phone: Listener) -> None:
    settle(lab)
    (message,) = await told(stack, phone, digest=True)
    assert message[:2] == ("info", "home: all 5 backups are well")
    assert "102 vaultwarden: " in message[2]


async def test_a_guest_of_nobody_is_told_the_day_it_appears(stack: PlayedStack, lab: Lab, phone: Listener) -> None:
    settle(lab)
    await told(stack, phone)
    lab.run("pvesh create /nodes/pve/qemu --vmid 140 --name paperless --scsi0 local-lvm:1")
    (message,) = await told(stack, phone)
    assert message[:2] == ("warning", "home: 140 paperless is not protected")
    assert "nobody declared it" in message[2]
    lab.run("pvesh delete /nodes/pve/qemu/140")
    (message,) = await told(stack, phone)
    assert message[1] == "home: 140 paperless is gone"


async def test_what_reached_nobody_is_told_again(
    stack: PlayedStack, lab: Lab, phone: Listener, deadman: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    await told(stack, phone)
    spoil(lab, 105)
    signals(deadman)
    phone.statuses = [503]
    assert await notify._notify(stack, as_digest=False) == TROUBLE
    assert "target 1 of homebackup:notify (JSON): " in capsys.readouterr().err
    assert "nobody could be told: home: backup of 105 pihole-home is broken" in deadman.heard[-1][1]
    assert signals(deadman) == ["/start", "/fail"]
    assert len(await told(stack, phone)) == 1
    assert await told(stack, phone) == []


async def test_one_target_of_two_is_enough(stack: PlayedStack, lab: Lab, phone: Listener) -> None:
    settle(lab)
    stack.stored["notify"] = f"json://127.0.0.1:1/x {phone.url('/phone', 'json')}"
    assert await notify._notify(stack, as_digest=True) == TROUBLE
    assert phone.paths == ["/phone"]
    assert await notify._notify(stack, as_digest=False) == WELL


async def test_a_damaged_memory_is_said_and_made_anew(
    stack: PlayedStack, lab: Lab, phone: Listener, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab)
    spoil(lab, 105)
    assert len(await told(stack, phone)) == 1
    file = LastToldFile(stack.folder, "home").path
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text('{"at": 1')
    assert len(await told(stack, phone)) == 1
    assert "it is damaged" in capsys.readouterr().err
    assert await told(stack, phone) == []
    assert sorted(path.name for path in file.parent.iterdir()) == ["told-home.json", "told-home.lock"]


async def test_two_at_once_tell_once(stack: PlayedStack, lab: Lab, phone: Listener, deadman: Listener) -> None:
    settle(lab)
    spoil(lab, 105)
    assert await asyncio.gather(*(notify._notify(stack, as_digest=False) for _ in range(2))) == [WELL, WELL]
    assert len(phone.heard) == 1
    assert sorted(signals(deadman)) == ["/start", "/start", "success", "success"]


async def test_one_that_never_ends_is_said(tmp_path: Path) -> None:
    async with LastToldFile(tmp_path, "home").alone():
        with pytest.raises(Busy, match="another homebackup notify still runs"):
            async with LastToldFile(tmp_path, "home").alone(0.1):
                pass


async def test_a_look_that_fails_is_heard(
    stack: PlayedStack, deadman: Listener, phone: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: object) -> None:
        raise Trouble("the site", "it cannot be looked at", "do something")

    monkeypatch.setattr(notify, "looked", fails)
    with pytest.raises(Trouble):
        await notify._notify(stack, as_digest=False)
    assert deadman.heard[-1] == (f"{CHECK}/fail", "the site: it cannot be looked at; do something")
    assert phone.heard == []


async def test_a_test_reaches_every_target_and_looks_at_nothing(
    stack: PlayedStack, lab: Lab, phone: Listener, deadman: Listener
) -> None:
    stack.stored["notify"] = f"{phone.url('/one', 'json')} {phone.url('/two', 'json')}"
    lab.forget()
    assert await notify._test(stack) == WELL
    assert sorted(phone.paths) == ["/one", "/two"]
    assert "Nothing is wrong." in phone.heard[0][1]
    assert (lab.requests(), deadman.heard) == ([], [])


@pytest.mark.parametrize("test", [False, True])
async def test_nobody_to_tell_is_said(stack: PlayedStack, test: bool) -> None:
    del stack.stored["notify"], stack.stored["deadman"]
    with pytest.raises(Missing, match="pulumi config set --secret homebackup:notify"):
        await (notify._test(stack) if test else notify._notify(stack, as_digest=False))


async def test_a_dead_man_check_alone_is_enough(stack: PlayedStack, lab: Lab, deadman: Listener) -> None:
    del stack.stored["notify"]
    settle(lab)
    assert await notify._notify(stack, as_digest=False) == WELL
    assert signals(deadman) == ["/start", "success"]


async def test_systemd_takes_the_units(stack: PlayedStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = tmp_path / "units"
    made.mkdir()
    for _ in range(2):
        assert await notify._units(stack, made) == WELL
    names = sorted(path.name for path in made.iterdir())
    assert names == [f"homebackup-{what}-home.{kind}" for what in ("digest", "notify") for kind in ("service", "timer")]
    files = [str(made / name) for name in names]
    verify = await asyncio.create_subprocess_exec("systemd-analyze", "verify", *files, stdout=PIPE, stderr=STDOUT)
    said, _ = await verify.communicate()
    assert (verify.returncode, said.decode()) == (0, "")
    command = f"-m homebackup.commands notify --stack home --cwd {stack.folder}"
    assert command in (made / "homebackup-notify-home.service").read_text()
    shown = capsys.readouterr().out
    assert "systemctl enable --now homebackup-notify-home.timer homebackup-digest-home.timer" in shown
    assert stack.stored["notify"] not in "".join(path.read_text() for path in made.iterdir())


def test_three_things_at_once_are_not_understood() -> None:
    ran = ended("notify", "--test", "--digest")
    assert ran.returncode == 64
    assert "give one of them" in " ".join(ran.stderr.replace("│", " ").split())
