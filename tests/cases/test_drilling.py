"""What makes a spare guest harmless and ours, whose turn a drill is, and when none begins: tables, without a node."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.assess.drilling import in_turn, is_ours, memory, passed_through, properties
from homebackup.assess.verdict import Verdict
from homebackup.model.backups.drill import Drilled
from homebackup.model.site import read_site
from tests.cases.sites import stack

SITE = read_site(stack("home"))


@pytest.mark.parametrize(
    ("kind", "config", "passed"),
    [
        (
            "qemu",
            {
                "hostpci0": "0000:01:00.0,pcie=1",
                "usb3": "host=10c4:ea60",
                "serial0": "socket",
                "serial1": "/dev/ttyUSB0",
                "parallel0": "/dev/parport0",
                "virtiofs0": "share",
                "args": "-device vfio-pci",
                "hookscript": "local:snippets/up.pl",
                "ivshmem": "size=32",
                "scsi0": "local-lvm:vm-9100-disk-0,size=8G",
                "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,link_down=1",
                "usbs": "no such thing",
                "ide2": "none,media=cdrom",
            },
            {"hostpci0", "usb3", "serial1", "parallel0", "virtiofs0", "args", "hookscript", "ivshmem"},
        ),
        (
            "lxc",
            {
                "rootfs": "local-lvm:vm-9100-disk-0,size=8G",
                "mp0": "/srv/data,mp=/data",
                "mp1": "local-lvm:vm-9100-disk-1,mp=/more,size=8G",
                "dev0": "/dev/dri/renderD128",
                "hookscript": "local:snippets/up.pl",
                "features": "nesting=1",
            },
            {"mp0", "dev0", "hookscript"},
        ),
    ],
)
def test_what_is_the_hosts_is_taken_away(kind: str, config: dict[str, Any], passed: set[str]) -> None:
    assert set(passed_through(kind, config)) == passed


@pytest.mark.parametrize(
    ("config", "ours"),
    [
        (properties("qemu", 102, "vaultwarden"), True),
        (properties("lxc", 105, "pihole-home"), True),
        ({"name": "drill-102-x", "tags": "critical;homebackup-drill"}, True),
        ({"name": "drill-102-x"}, False),
        ({"name": "drill-102-x", "tags": "homebackup-drills"}, False),
        ({"name": "vaultwarden", "tags": "homebackup-drill"}, False),
        ({"tags": "homebackup-drill"}, False),
        ({}, False),
    ],
)
def test_only_what_bears_both_marks_is_ours(config: dict[str, Any], ours: bool) -> None:
    assert is_ours(config) is ours


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("vaultwarden", "drill-102-vaultwarden"),
        ("Küche; rm -rf / $(x)", "drill-102-K-che-rm-rf-x"),
        ("x" * 300, "drill-102-" + "x" * 50),
        ("---", "drill-102"),
    ],
)
def test_names_are_those_of_hosts(name: str, called: str) -> None:
    assert properties("qemu", 102, name) == {"name": called, "tags": "homebackup-drill", "onboot": 0}
    assert properties("lxc", 102, name)["hostname"] == called


@pytest.mark.parametrize(
    ("config", "mebibytes"),
    [("memory: 2048\n", 2048), ("memory: current=1024,max=4096\n", 1024), ("", 512), ("[old]\nmemory: 99999\n", 512)],
)
def test_memory(config: str, mebibytes: int) -> None:
    assert memory(config) == mebibytes << 20


def drill(vmid: int, time: float) -> Drilled:
    return Drilled(time, vmid, 9900, f"vzdump-{vmid}-{time}", 1.0, 1, ok=True, said="")


def test_turns_go_round_and_begin_with_what_is_critical() -> None:
    judged = [Verdict("", "guest", "OK", "", "", vmid=vmid) for vmid in (105, 101, 100, 103, 102)]
    judged.append(Verdict("vaultwarden", "app", "OK", "", ""))
    assert in_turn(SITE, judged, []) == [100, 102, 101, 103, 105]
    some = [drill(100, 10.0), drill(102, 20.0), drill(100, 30.0)]
    assert in_turn(SITE, judged, some) == [101, 103, 105, 102, 100]
