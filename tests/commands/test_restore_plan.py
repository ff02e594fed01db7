"""`homebackup restore plan` on the lab: what it says, where it is kept, and each of its commands typed on the node."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from homebackup.commands.restore import NAME, plan
from homebackup.model.site import read_site
from homebackup.views.runbook import MARK
from homebackup.world import on_nas
from homebackup.world.connection import Connection
from homebackup.world.errors import Failed, Refused
from homebackup.world.live_site import LiveSite
from tests.commands.living_site import DECLARED, DUMP, settle
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab

ON_NAS = f"/mnt/nas-backups/{NAME}"


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site, with archives of some days."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED
    settle(lab)


def newest(lab: Lab, vmid: int) -> str:
    return lab.run(f"ls {DUMP} | grep -E 'vzdump-[a-z]+-{vmid}-.*[.](vma|tar).zst$' | tail -n 1").strip()


def commands(text: str, title: str) -> list[str]:
    """The commands of one chapter."""
    (chapter,) = [part for part in text.split("\n## ")[1:] if part.startswith(title)]
    return re.findall(r"```sh\n(.*?)\n```", chapter, re.DOTALL)


def here(stack: PlayedStack) -> Path:
    return stack.folder / NAME


async def test_the_same_text_is_printed_and_kept_twice(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await plan(stack) == 0
    said = capsys.readouterr()
    assert here(stack).read_text() == said.out == lab.run(f"cat {ON_NAS}")
    assert said.out.startswith(f"{MARK}\n# How to restore home\n")
    assert said.err == f"{here(stack)}: written\n{ON_NAS} on the NAS: written\n"
    assert newest(lab, 102) in said.out
    assert "**overwrites VM 102 vaultwarden with all its disks**" in said.out
    assert re.search(r"Needs up to 8\.0 MiB on storage local-lvm; \d.* free there", said.out)
    assert "## App home-assistant" in said.out
    assert lab.run("ls -A /mnt/nas-backups").split() == [NAME, "dump"]
    inode = lab.run(f"stat -c %i {ON_NAS}")
    assert await plan(stack) == 0
    again = capsys.readouterr()
    assert (again.out, again.err.count("as it was")) == (said.out, 2)
    assert lab.run(f"stat -c %i {ON_NAS}") == inode


@pytest.mark.parametrize(("vmid", "program"), [(102, "qm"), (105, "pct")], ids=["vm", "ct"])
async def test_every_command_of_the_runbook_works(
    vmid: int, program: str, stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    await plan(stack)
    text = capsys.readouterr().out
    name = DECLARED["guests"][str(vmid)]["name"]
    before = config(lab, program, vmid)
    for command in commands(text, "Reach the archives"):
        lab.run(command)
    make, unplug, start, stop, destroy, *instead = commands(text, f"{vmid} {name}")
    to = 9000 + vmid
    for command in (make, unplug):
        lab.run(command)
    restored = config(lab, program, to)
    assert restored.pop("net0") != before["net0"]
    assert "link_down=1" in config(lab, program, to)["net0"]
    assert bare(restored) == bare({key: value for key, value in before.items() if key != "net0"})
    for command in (start, stop, destroy):
        lab.run(command)
    assert str(to) not in lab.run(f"{program} list")
    for command in instead:
        lab.run(command)
    assert bare(config(lab, program, vmid)) == bare(before)
    assert "running" in lab.run(f"{program} status {vmid}")


async def test_on_a_new_node_the_archives_are_reached_first(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    await plan(stack)
    text = capsys.readouterr().out
    lab.run("umount /mnt/nas-backups && rmdir /mnt/nas-backups && qm stop 102 && qm destroy 102")
    for command in commands(text, "Reach the archives"):
        lab.run(command)
    for command in commands(text, "102 vaultwarden")[-2:]:
        lab.run(command)
    assert "vaultwarden" in lab.run("qm list")


def config(lab: Lab, program: str, vmid: int) -> dict[str, str]:
    lines = lab.run(f"{program} config {vmid}").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def bare(config: dict[str, str]) -> dict[str, str]:
    """A configuration without what every restore makes anew."""
    made = ("smbios1", "vmgenid", "meta", "digest")
    kept = {key: value for key, value in config.items() if key not in made}
    return {key: re.sub(r"\d+/(vm|subvol)-\d+-disk-\d+", "", value) for key, value in kept.items()}


async def test_the_newest_good_one_is_taken_and_that_is_said(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = newest(lab, 102)
    lab.run(f"f={DUMP}/{bad}; dd if=/dev/zero of=$f bs=1 count=8 conv=notrunc status=none")
    assert await plan(stack) == 0
    text = capsys.readouterr().out
    assert f"**The archive {bad} is not taken: it does not begin as a .zst file does.**" in text
    assert all(bad not in command for command in commands(text, "102 vaultwarden"))
    lab.run(f"cd {DUMP}; for f in vzdump-qemu-102-*.zst; do truncate -s 0 $f; done")
    assert await plan(stack) == 1
    assert "**It cannot be restored: " in capsys.readouterr().out


async def test_a_nas_that_is_off_keeps_the_last_runbook(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    await plan(stack)
    kept = capsys.readouterr().out
    lab.control("/nas", {"power": "off"})
    assert await plan(stack) == 3
    said = capsys.readouterr().err
    assert "the NAS 10.0.0.150 does not answer" in said
    assert "nothing was written" in said
    assert here(stack).read_text() == kept
    lab.control("/nas", {"power": "on"})
    assert lab.run(f"cat {ON_NAS}") == kept


async def test_nothing_is_written_where_the_export_is_not_mounted(stack: PlayedStack, lab: Lab) -> None:
    lab.run("umount /mnt/nas-backups")
    assert await plan(stack) == 3
    lab.run("mount -t tmpfs tmpfs /mnt/nas-backups && mkdir /mnt/nas-backups/dump")
    assert await plan(stack) == 1
    assert lab.run("ls /mnt/nas-backups").split() == ["dump"]
    assert not here(stack).exists()


ELSE = {
    "nothing": "true",
    "a tmpfs": "mount -t tmpfs tmpfs /mnt/nas-backups",
    "another export": "mount -t nfs 10.0.0.150:/volume1/backups/homeassistant_backups /mnt/nas-backups",
    "a tmpfs over it": "mount /mnt/nas-backups; mount -t tmpfs tmpfs /mnt/nas-backups",
}


@pytest.mark.parametrize("kind", ELSE)
async def test_what_is_not_the_declared_export_takes_no_file(kind: str, stack: PlayedStack, lab: Lab) -> None:
    lab.run(f"umount /mnt/nas-backups; {ELSE[kind]}")
    before = lab.run("ls -A /mnt/nas-backups")
    live = LiveSite(Connection.parse(stack.stored, stack.folder))
    try:
        with pytest.raises(Refused, match="proxmox_backups is not mounted at /mnt/nas-backups at this moment"):
            await on_nas.keep(live.host, read_site(DECLARED), NAME, b"text", MARK)
    finally:
        await live.close()
    assert lab.run("ls -A /mnt/nas-backups") == before


async def test_a_file_of_somebody_else_stays(stack: PlayedStack, lab: Lab) -> None:
    for make in (f"echo mine > {ON_NAS}", f"ln -s /etc/passwd {ON_NAS}", f"mkdir {ON_NAS}"):
        lab.run(f"rm -rf {ON_NAS}; {make}")
        with pytest.raises(Refused, match=f"{ON_NAS}: a file that is none of ours has this name; move it away"):
            await plan(stack)
    here(stack).write_text("mine\n")
    with pytest.raises(Refused, match="a file that is none of ours"):
        await plan(stack)
    assert here(stack).read_text() == "mine\n"


async def test_a_full_nas_keeps_the_last_runbook(stack: PlayedStack, lab: Lab) -> None:
    await plan(stack)
    kept = lab.run(f"cat {ON_NAS}")
    lab.run(f"f={DUMP}/{newest(lab, 102)}; truncate -s 0 $f")
    lab.control("/nas", {"full": True})
    with pytest.raises(Failed, match="it cannot be written"):
        await plan(stack)
    lab.control("/nas", {"full": False})
    assert lab.run(f"cat {ON_NAS}") == kept
    assert lab.run("ls -A /mnt/nas-backups").split() == [NAME, "dump"]
