"""`homebackup restore` on the lab: guests that come back, what is never overwritten, and what a failure leaves."""

from __future__ import annotations

import re

import pytest

from homebackup.commands import restore as restore_verb
from homebackup.commands.ending import Ended
from homebackup.commands.restore import restore
from homebackup.commands.restoring import Wish
from homebackup.model.receipts import markdown, receipts
from homebackup.world import running
from homebackup.world.errors import Missing, Refused, Unreachable
from tests.commands.living_site import DECLARED, DUMP, settle
from tests.commands.stack import PlayedStack
from tests.commands.test_restore_plan import bare, config, newest
from tests.running_lab import Lab

WAYS = {"ssh": {}, "https": {"api": "https"}}
GUESTS = {"vm": (102, "qm", "vaultwarden", "VM"), "ct": (105, "pct", "pihole-home", "CT")}
DISKS = "/var/lib/local-lvm/images"


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lab as the stack's site, with archives of some days, and nobody who waits long between two looks."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED
    monkeypatch.setattr(running, "EVERY", 0.1)
    settle(lab)


def guests(lab: Lab) -> set[str]:
    lines = [*lab.run("qm list").splitlines()[1:], *lab.run("pct list").splitlines()[1:]]
    return {line.split()[0] for line in lines}


def left(lab: Lab) -> str:
    """Everything that a restore could leave behind."""
    return lab.run(f"ls -R {DISKS}; ls /run /tmp /var/tmp; ls -A {DUMP}/..") + str(sorted(guests(lab)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", GUESTS)
async def test_a_guest_comes_back_beside_itself(
    kind: str, way: str, stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    vmid, program, name, label = GUESTS[kind]
    stack.stored |= WAYS[way]
    before = config(lab, program, vmid)
    assert await restore(stack, name, Wish(9000 + vmid)) == 0
    said = capsys.readouterr().out
    assert f"{label} {9000 + vmid}: restoring {vmid} {name} from {newest(lab, vmid)}, made " in said
    assert f"not started; its network cables are pulled (link_down); start it with {program} start" in said
    restored = config(lab, program, 9000 + vmid)
    net = restored.pop("net0")
    assert net.endswith(",link_down=1")
    assert mac(net) != mac(before.pop("net0"))
    assert bare(restored) == bare(before)
    assert "stopped" in lab.run(f"{program} status {9000 + vmid}")
    assert "running" in lab.run(f"{program} status {vmid}")
    (receipt,) = receipts(stack.journal())
    told = markdown(receipt, None)
    assert "homebackup restore on stack home\n" in told
    assert f"### guest {9000 + vmid}" in told
    assert f"vmid={9000 + vmid}" in told
    assert "link_down=1" in told


def mac(net: str) -> str:
    found = re.search(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}", net)
    assert found
    return found[0]


async def test_online_leaves_the_cables_plugged_in(stack: PlayedStack, lab: Lab) -> None:
    assert await restore(stack, "102", Wish(9102, online=True)) == 0
    assert "link_down" not in config(lab, "qm", 9102)["net0"]


@pytest.mark.parametrize("kind", GUESTS)
async def test_nothing_is_overwritten_without_its_name(kind: str, stack: PlayedStack, lab: Lab) -> None:
    vmid, program, name, label = GUESTS[kind]
    before, macs = left(lab), mac(config(lab, program, vmid)["net0"])
    said = f"{label} {vmid}: {label} {vmid} is {name}, and would be overwritten; name a free VMID .*--over {name}"
    with pytest.raises(Refused, match=said):
        await restore(stack, name, Wish(vmid))
    with pytest.raises(Refused, match=f"is {name} and not {name}x, and nothing was overwritten"):
        await restore(stack, name, Wish(vmid, over=f"{name}x"))
    with pytest.raises(Refused, match=f"is {name}, and runs; stop it first: {program} shutdown {vmid}"):
        await restore(stack, name, Wish(vmid, over=name))
    with pytest.raises(Refused, match="no guest has this VMID, so there is no vaultwarden to overwrite; leave out"):
        await restore(stack, name, Wish(9999, over="vaultwarden"))
    assert left(lab) == before
    lab.run(f"{program} stop {vmid} && {program} set {vmid} --memory 2000")
    assert await restore(stack, name, Wish(vmid, over=name)) == 0
    restored = config(lab, program, vmid)
    assert restored["memory"] != "2000"
    assert mac(restored["net0"]) == macs


async def test_another_kind_of_guest_is_never_overwritten(stack: PlayedStack, lab: Lab) -> None:
    lab.run("pct stop 105")
    with pytest.raises(Refused, match="CT 105 is pihole-home, another kind of guest"):
        await restore(stack, "vaultwarden", Wish(105, over="pihole-home"))
    assert "105" in lab.run("pct list")


async def test_a_newest_one_that_is_broken_is_not_taken(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = newest(lab, 102)
    lab.run(f"dd if=/dev/zero of={DUMP}/{bad} bs=1 count=8 conv=notrunc status=none")
    assert await restore(stack, "vaultwarden", Wish(9102)) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"the archive {bad} is not taken: it does not begin as a .zst file does\n")
    assert "restoring 102 vaultwarden from vzdump-qemu-102-" in said
    with pytest.raises(Refused, match=f"the archive {bad} is not taken: .*; leave out --archive"):
        await restore(stack, "vaultwarden", Wish(9103), bad)
    lab.run(f"cd {DUMP}; for file in vzdump-lxc-105-*.zst; do : > $file; done")
    with pytest.raises(Refused, match=r"bring a copy back from elsewhere, .*: homebackup run 105"):
        await restore(stack, "105", Wish(9105))
    older = lab.run(f"ls {DUMP} | grep -E 'qemu-102-.*zst$' | head -n 1").strip()
    assert await restore(stack, "vaultwarden", Wish(9103), older) == 0
    assert f"from {older}, made" in capsys.readouterr().out


@pytest.mark.parametrize("named", ["x", "$(touch /pwned)", "'; touch /pwned; '", "../../etc/passwd"])
async def test_strange_names_do_nothing(named: str, stack: PlayedStack, lab: Lab) -> None:
    lab.run(f"echo x > {DUMP}/'vzdump-qemu-102-2026_12_24-02_00_00$(touch pwned).vma.zst'")
    before = left(lab)
    with pytest.raises(Missing, match="the site has none of that VMID or name"):
        await restore(stack, named, Wish(9102))
    with pytest.raises(Missing, match="guest 102 vaultwarden has none of that name"):
        await restore(stack, "102", Wish(9102), named)
    with pytest.raises(Refused, match="is vaultwarden and not "):
        await restore(stack, "102", Wish(102, over=named))
    assert left(lab) == before
    assert await restore(stack, "102", Wish(9102)) == 0
    assert "pwned" not in lab.run("ls / /root")


async def test_without_room_nothing_is_begun(stack: PlayedStack, lab: Lab) -> None:
    lab.control("/disk", {"free": 4 << 20})
    before = left(lab)
    with pytest.raises(Refused, match=r"VM 9102: it may come to need 8.0 MiB on storage local-lvm, and 4.0 MiB"):
        await restore(stack, "102", Wish(9102))
    lab.control("/disk", {"free": 0})
    with pytest.raises(Unreachable, match="its /tmp takes no file; make room there"):
        await restore(stack, "102", Wish(9102))
    assert left(lab) == before
    assert stack.journal() == []


@pytest.mark.parametrize("storage", ["NOPE", "nas-backups"])
async def test_a_storage_that_takes_no_disks_is_to_be_named_otherwise(
    storage: str, stack: PlayedStack, lab: Lab
) -> None:
    before = left(lab)
    with pytest.raises(
        Refused, match=rf"storage {storage}: there is none of .* \(images\); name one of .*local-lvm.* with"
    ):
        await restore(stack, "102", Wish(9102, storage=storage))
    assert left(lab) == before
    assert stack.journal() == []


async def test_a_nas_that_is_off_is_unknown(stack: PlayedStack, lab: Lab) -> None:
    before = left(lab)
    lab.control("/nas", {"power": "off"})
    with pytest.raises(Unreachable, match=r"guest 102 vaultwarden: .*the NAS 10.0.0.150 does not answer"):
        await restore(stack, "102", Wish(9102))
    lab.control("/nas", {"power": "on"})
    assert left(lab) == before


def test_the_verb_ends_with_its_code(
    stack: PlayedStack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(restore_verb, "PulumiCli", lambda folder, name: stack)
    for what, options, code in (
        ("plan", {"no_write": True}, 0),
        ("102", {"to": 9102}, 0),
        ("102", {"to": 9102}, 1),
        ("nobody", {"to": 9102}, 1),
    ):
        with pytest.raises(Ended) as ended:
            restore_verb.verb(what, **options)
        assert ended.value.code == code
    assert "VM 9102 is vaultwarden, and would be overwritten" in capsys.readouterr().err
    assert not (stack.folder / "RESTORE.md").exists()
