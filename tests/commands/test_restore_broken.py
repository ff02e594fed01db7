"""A `homebackup restore` that fails or is stopped in the middle: a sentence, nothing of it left, and a repeat works."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from homebackup.commands.restore import restore
from homebackup.commands.restoring import Restoring, Wish
from homebackup.model.receipts import markdown, receipts
from homebackup.world import beside, running
from homebackup.world.errors import Failed, Refused, Trouble
from tests.commands.living_site import DECLARED, settle
from tests.commands.stack import PlayedStack
from tests.commands.test_restore import GUESTS, WAYS, guests, left, mac
from tests.commands.test_restore_plan import config, newest
from tests.commands.test_run_interrupted import homebackup, project
from tests.running_lab import Lab

BEGIN = "homebackup.commands.restoring.begin"
LIMIT = 30.0
GUEST = pytest.mark.parametrize("kind", GUESTS)


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab as the stack's site, with archives of some days, and nobody who waits long."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED
    monkeypatch.setattr(running, "EVERY", 0.1)
    settle(lab)


def first(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """Let something happen between the last look and the beginning of the task."""
    begin = beside.begin

    async def later(*words: Any) -> str:
        monkeypatch.setattr(BEGIN, begin)
        await asyncio.to_thread(deed)
        return await begin(*words)

    monkeypatch.setattr(BEGIN, later)


def cut(lab: Lab, file: str) -> None:
    lab.run(f"truncate -s $(( $(stat -c %s {file}) - 9 )) {file}")


def told(stack: PlayedStack) -> str:
    return "".join(markdown(receipt, None) for receipt in receipts(stack.journal()))


async def repeated(stack: PlayedStack, lab: Lab, vmid: int) -> None:
    """The same restore again, which works."""
    lab.control("/nas", {"power": "on"})
    lab.control("/faults", method="DELETE")
    lab.control("/pace", {"factor": 0})
    assert await restore(stack, str(vmid), Wish(9000 + vmid)) == 0
    assert str(9000 + vmid) in guests(lab)


@GUEST
@pytest.mark.parametrize("way", WAYS)
async def test_an_archive_that_breaks_in_the_middle(
    kind: str,
    way: str,
    stack: PlayedStack,
    lab: Lab,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vmid, _, _, label = GUESTS[kind]
    stack.stored |= WAYS[way]
    file = f"/mnt/nas-backups/dump/{newest(lab, vmid)}"
    lab.run(f"cp {file} /root/whole")
    before = left(lab)
    first(monkeypatch, lambda: cut(lab, file))
    said = f"{label} {9000 + vmid}: Proxmox VE did not restore it: .*; see to that and run this again"
    with pytest.raises(Failed, match=said):
        await restore(stack, str(vmid), Wish(9000 + vmid))
    assert left(lab) == before
    removed = f"{label} {9000 + vmid}: what the restore had made of it was removed again\n"
    assert (removed in capsys.readouterr().err) is (kind == "vm")
    assert "Failed:" in told(stack)
    assert ("Taken back:" in told(stack)) is (kind == "vm")
    lab.run(f"cp /root/whole {file}")
    await repeated(stack, lab, vmid)


@GUEST
async def test_a_nas_that_goes_away_as_it_begins(
    kind: str, stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    vmid = GUESTS[kind][0]
    before = left(lab)
    lab.control("/patience", {"scale": 0.01})
    first(monkeypatch, lambda: lab.control("/nas", {"power": "off"}))
    with pytest.raises(Trouble):
        await restore(stack, str(vmid), Wish(9000 + vmid))
    lab.control("/nas", {"power": "on"})
    assert left(lab) == before
    await repeated(stack, lab, vmid)


@GUEST
async def test_a_nas_that_goes_away_under_the_reading(
    kind: str, stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    vmid, _, _, label = GUESTS[kind]
    before = left(lab)
    lab.control("/pace", {"factor": 0.5})
    begin = beside.begin

    async def then_off(*words: Any) -> str:
        upid = await begin(*words)
        await asyncio.to_thread(lab.control, "/nas", {"power": "off"})
        return upid

    monkeypatch.setattr(BEGIN, then_off)
    with pytest.raises(Failed, match=f"{label} {9000 + vmid}: Proxmox VE did not restore it: .*command '"):
        await restore(stack, str(vmid), Wish(9000 + vmid))
    lab.control("/nas", {"power": "on"})
    assert left(lab) == before
    await repeated(stack, lab, vmid)


@GUEST
async def test_no_room_after_all(kind: str, stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    vmid = GUESTS[kind][0]
    before = left(lab)
    full = {"on": "disk", "path": "*local-lvm/images*", "message": "ENOSPC", "times": -1}
    first(monkeypatch, lambda: lab.control("/faults", full))
    with pytest.raises(Failed, match="No space left"):
        await restore(stack, str(vmid), Wish(9000 + vmid, overcommit=True))
    lab.control("/faults", method="DELETE")
    assert left(lab) == before
    await repeated(stack, lab, vmid)


@pytest.mark.parametrize("way", WAYS)
async def test_somebody_elses_guest_is_left_alone(
    way: str, stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.stored |= WAYS[way]
    first(monkeypatch, lambda: lab.run("qm create 9102 --name mine --memory 512"))
    with pytest.raises(Trouble, match="VM 9102 already exists"):
        await restore(stack, "102", Wish(9102))
    assert "name: mine" in lab.run("qm config 9102")


async def test_what_was_to_be_overwritten_is_never_removed(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.run("qm stop 102")
    file = f"/mnt/nas-backups/dump/{newest(lab, 102)}"
    first(monkeypatch, lambda: cut(lab, file))
    with pytest.raises(Failed):
        await restore(stack, "102", Wish(102, over="vaultwarden"))
    assert "102" in guests(lab)
    assert "look at what is left: qm config 102" in capsys.readouterr().err
    assert [request for request in lab.requests() if "delete /nodes/pve/qemu" in str(request)] == []


@GUEST
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("early", [True, False], ids=["as it begins", "in the middle"])
async def test_ctrl_c_stops_it_and_leaves_nothing(
    early: bool,
    way: str,
    kind: str,
    stack: PlayedStack,
    lab: Lab,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vmid, _, _, label = GUESTS[kind]
    stack.stored |= WAYS[way]
    before = left(lab)
    lab.control("/pace", {"factor": 20.0})
    begun = asyncio.Event()
    begin = beside.begin

    async def telling(*words: Any) -> str:
        if early:
            begun.set()
        upid = await begin(*words)
        begun.set()
        return upid

    monkeypatch.setattr(BEGIN, telling)
    run = asyncio.create_task(restore(stack, str(vmid), Wish(9000 + vmid)))
    async with asyncio.timeout(LIMIT):
        await begun.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
    said = capsys.readouterr().err
    assert f"{label} {9000 + vmid}: stopped; the archive is as it was, and a repeat starts anew\n" in said
    assert "RUNNING" not in lab.run("pvesh get /nodes/pve/tasks --source all --output-format json")
    assert left(lab) == before
    assert "Cut off in the middle" in told(stack)
    await repeated(stack, lab, vmid)


async def test_a_cable_that_nobody_sees_is_said(stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.stored |= WAYS["https"]
    refused = {"on": "api", "method": "GET", "path": "*/qemu/9102/config", "effect": "status", "status": 500}
    first(monkeypatch, lambda: lab.control("/faults", {**refused, "message": "no such luck"}))
    with pytest.raises(Trouble, match="such luck; whether its cables are pulled was not seen, so see qm config 9102"):
        await restore(stack, "102", Wish(9102))
    assert "9102" in guests(lab)
    assert told(stack).count("POST /nodes/pve/qemu") == 1


@GUEST
@pytest.mark.parametrize("way", WAYS)
async def test_its_cables_are_pulled_from_the_first_moment_on(
    way: str, kind: str, stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    vmid, program, _, _ = GUESTS[kind]
    stack.stored |= WAYS[way]

    async def killed(self: Restoring) -> None:
        """Nothing was done any more."""

    monkeypatch.setattr(Restoring, "_unplug", killed)
    assert await restore(stack, str(vmid), Wish(9000 + vmid)) == 0
    net, old = config(lab, program, 9000 + vmid)["net0"], config(lab, program, vmid)["net0"]
    assert net.endswith(",link_down=1")
    assert mac(net) != mac(old)
    assert net.replace(mac(net), mac(old)) == f"{old},link_down=1"


@GUEST
async def test_cables_are_pulled_afterwards_where_no_look_tells_of_them(
    kind: str, stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    vmid, program, _, _ = GUESTS[kind]
    monkeypatch.setattr(Restoring, "_pulled", lambda self: {})
    assert await restore(stack, str(vmid), Wish(9000 + vmid)) == 0
    net, old = config(lab, program, 9000 + vmid)["net0"], config(lab, program, vmid)["net0"]
    assert net.endswith(",link_down=1")
    assert mac(net) != mac(old)


def test_the_program_ends_with_130_and_a_sentence(stack: PlayedStack, lab: Lab) -> None:
    lab.control("/pace", {"factor": 20.0})
    before, environment = left(lab), project(stack, lab)
    with subprocess.Popen(
        homebackup(stack, "restore", "102", "--to", "9102"),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("VM 9102: restoring 102 vaultwarden from vzdump-qemu-102-")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(None, LIMIT)
    assert process.returncode == 130, err
    assert "VM 9102: stopped; the archive is as it was, and a repeat starts anew\n" in err
    assert "Traceback" not in err
    assert left(lab) == before


async def test_an_empty_machine_that_nobody_could_clear_away(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = f"/mnt/nas-backups/dump/{newest(lab, 102)}"
    lab.run(f"cp {file} /root/whole")
    first(monkeypatch, lambda: cut(lab, file))

    async def killed(self: Restoring, why: BaseException) -> None:
        """Nothing was done any more."""

    with monkeypatch.context() as before:
        before.setattr(Restoring, "_clear", killed)
        with pytest.raises(Failed):
            await restore(stack, "102", Wish(9102))
    lab.run(f"cp /root/whole {file}; qm create 9103 --memory 512")
    assert {"9102", "9103"} <= guests(lab)
    with pytest.raises(Refused, match=r"VM 9103 is .*, and would be overwritten"):
        await restore(stack, "102", Wish(9103))
    assert await restore(stack, "102", Wish(9102)) == 0
    assert "VM 9102: an empty machine that an earlier restore left there was removed" in capsys.readouterr().out
    with pytest.raises(Refused, match="VM 9102 is vaultwarden, and would be overwritten"):
        await restore(stack, "102", Wish(9102))
