"""A restore reads the archive that was written: files and drives come back, and a damaged archive fails the task."""

from __future__ import annotations

from typing import Any

import pytest

from lab.box import Box
from lab.pve import guest_config, guests
from lab.pve.call import ROOT
from lab.pve.tasks import Task

DUMP = "/var/lib/vz/dump"
CT_DISK = "/var/lib/vmdata/images/105/subvol-105-disk-0.subvol"
VM_DISK = "/var/lib/vmdata/images/100/vm-100-disk-0.raw"


async def done(box: Box, method: str, path: str, **params: Any) -> Task:
    """The ended task of a call."""
    answer = await box.api.call(ROOT, method, f"/nodes/pve{path}", {k.replace("_", "-"): v for k, v in params.items()})
    assert answer.status == 200, answer.message
    task = box.api.tasks.find(answer.data)
    assert task is not None
    assert await task.wait(10)
    return task


async def backed_up(box: Box, vmid: int, compress: str = "zstd", **params: Any) -> str:
    """The name of a new archive."""
    before = set(box.root.listdir(DUMP))
    task = await done(box, "POST", "/vzdump", vmid=str(vmid), storage="local", compress=compress, **params)
    assert task.status == "OK", task.lines
    return next(n for n in box.root.listdir(DUMP) if n not in before and not n.endswith((".log", ".notes")))


@pytest.mark.parametrize("compress", ["0", "gzip", "zstd", "lzo"])
async def test_a_container_comes_back_with_its_files(box: Box, compress: str) -> None:
    box.root.write(f"{CT_DISK}/etc/motd", "grüß\n".encode())
    box.root.symlink("motd", f"{CT_DISK}/etc/link")
    name = await backed_up(box, 105, compress, mode="stop")
    task = await done(box, "POST", "/lxc", vmid=200, ostemplate=f"local:backup/{name}", restore=1, storage="vmdata")
    assert task.status == "OK", task.lines
    place = "/var/lib/vmdata/images/200/subvol-200-disk-0.subvol"
    assert box.root.read(f"{place}/etc/motd") == "grüß\n".encode()
    assert box.root.readlink(f"{place}/etc/link") == "motd"


async def test_a_container_may_be_restored_into_an_image_and_from_there_again(box: Box) -> None:
    box.root.write(f"{CT_DISK}/etc/motd", b"hello\n")
    name = await backed_up(box, 105, mode="stop")
    first = await done(
        box, "POST", "/lxc", vmid=200, ostemplate=f"local:backup/{name}", restore=1, storage="vmdata", rootfs="vmdata:1"
    )
    assert first.status == "OK", first.lines
    again = await backed_up(box, 200, mode="stop")
    second = await done(
        box,
        "POST",
        "/lxc",
        vmid=201,
        ostemplate=f"local:backup/{again}",
        restore=1,
        storage="vmdata",
        rootfs="vmdata:0",
    )
    assert second.status == "OK", second.lines
    assert box.root.read("/var/lib/vmdata/images/201/subvol-201-disk-0.subvol/etc/motd") == b"hello\n"


@pytest.mark.parametrize("compress", ["0", "gzip", "zstd"])
async def test_a_machine_comes_back_with_its_drives(box: Box, compress: str) -> None:
    content = b"MBR" + bytes(70000) + b"data"
    with box.root.open(VM_DISK, "r+") as file:
        file.write(content)
    name = await backed_up(box, 100, compress)
    task = await done(
        box,
        "POST",
        "/qemu",
        vmid=300,
        archive=f"local:backup/{name}",
        storage="vmdata",
        unique=1,
        name="drill",
        net0="virtio,bridge=vmbr0,link_down=1",
    )
    assert task.status == "OK", task.lines
    assert box.root.read("/var/lib/vmdata/images/300/vm-300-disk-0.raw")[: len(content)] == content
    config = guests.need(box.api, "qemu", 300).config
    assert (config["name"], config["net0"]) == ("drill", "virtio,bridge=vmbr0,link_down=1")
    assert config["smbios1"] != guests.need(box.api, "qemu", 100).config["smbios1"]
    assert guest_config.volume("scsi0", config["scsi0"]).size == 8 << 20
    assert "#qmdump" not in config.get("description", "")


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
async def test_a_cut_machine_archive_fails_the_restore_and_leaves_an_empty_machine(box: Box, keep: float) -> None:
    with box.root.open(VM_DISK, "r+") as file:
        file.write(bytes(range(256)) * 4000)
    name = await backed_up(box, 100, "0")
    data = box.root.read(f"{DUMP}/{name}")
    box.root.write(f"{DUMP}/{name}", data[: int(len(data) * keep)])
    task = await done(box, "POST", "/qemu", vmid=300, archive=f"local:backup/{name}", storage="vmdata")
    assert str(task.status).startswith("command 'set -o pipefail &&")
    assert any(line.startswith("vma: ") for line in task.lines)
    assert guests.need(box.api, "qemu", 300).config == {}
    assert not box.root.exists("/var/lib/vmdata/images/300")


async def test_a_cut_compressed_archive_says_what_zstd_says(box: Box) -> None:
    name = await backed_up(box, 105, mode="stop")
    data = box.root.read(f"{DUMP}/{name}")
    box.root.write(f"{DUMP}/{name}", data[:-9])
    task = await done(box, "POST", "/lxc", vmid=200, ostemplate=f"local:backup/{name}", restore=1, storage="vmdata")
    assert str(task.status).startswith("unable to restore CT 200 - ")
    assert any("premature end" in line for line in task.lines)
    assert guests.find(box.api, 200) is None
    assert not box.root.exists("/var/lib/vmdata/images/200")


async def test_a_restored_guest_starts_answers_and_is_removed_without_trace(box: Box) -> None:
    name = await backed_up(box, 100)
    await done(box, "POST", "/qemu", vmid=300, archive=f"local:backup/{name}", storage="vmdata", agent="1", start=1)
    ping = await box.api.call(ROOT, "POST", "/nodes/pve/qemu/300/agent/ping", {})
    assert (ping.status, ping.data) == (200, {"result": {}})
    await done(box, "POST", "/qemu/300/status/stop")
    ping = await box.api.call(ROOT, "POST", "/nodes/pve/qemu/300/agent/ping", {})
    assert (ping.status, ping.message) == (500, "VM 300 is not running\n")
    removed = await done(box, "DELETE", "/qemu/300", purge=1, destroy_unreferenced_disks=1)
    assert removed.lines == ["purging VM 300 from related configurations..", "TASK OK"]
    assert guests.find(box.api, 300) is None
    assert not box.root.exists("/var/lib/vmdata/images/300")
    assert box.root.exists(f"{DUMP}/{name}")


async def test_unique_takes_the_archives_network_of_a_container_anew(box: Box) -> None:
    name = await backed_up(box, 105, mode="stop")
    isolated = "name=eth0,bridge=vmbr0,link_down=1"
    for vmid, unique, kept in ((200, 0, True), (201, 1, False)):
        await done(
            box,
            "POST",
            "/lxc",
            vmid=vmid,
            ostemplate=f"local:backup/{name}",
            restore=1,
            storage="vmdata",
            net0=isolated,
            unique=unique,
        )
        assert (guests.need(box.api, "lxc", vmid).config["net0"] == isolated) is kept
