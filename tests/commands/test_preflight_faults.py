"""Every condition that a preflight is there for, produced on the lab and found; nothing of any test mount stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from homebackup.commands import preflight
from homebackup.model.preflight import ITEMS
from tests.commands.stack import PlayedStack
from tests.commands.test_preflight import DECLARED, OF_DSM, token
from tests.running_lab import Lab

EXPORT, HA = "/volume1/backups/proxmox_backups", "/volume1/backups/homeassistant_backups"
MOUNT = f"mkdir -p /mnt/nas-backups; mount -t nfs -o soft 10.0.0.150:{EXPORT} /mnt/nas-backups"
OLD = "touch -d '2020-01-01' /mnt/ha/*"
IN_HA = f"mkdir -p /mnt/ha; mount -t nfs -o soft 10.0.0.150:{HA} /mnt/ha; {{}}; umount /mnt/ha; rmdir /mnt/ha"
CUT = {"on": "disk", "method": "mkdir", "path": "*/.homebackup-preflight.*", "effect": "nas", "nas": "off"}
NO_CLIENT = "printf '#!/bin/sh\\necho mount: bad option, you might need a helper program; exit 32\\n' > /usr/bin/mount"
STUCK = "rm /usr/bin/unshare; printf '#!/bin/sh\\nexit 1\\n' > /usr/bin/umount"
Produce = Callable[[Lab, PlayedStack], object]


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED


def says(name: str, asked: str, answer: str) -> Produce:
    """A program of the host that answers otherwise where it is asked for something."""
    wrapper = f"""p=$(which {name}); mv $p $p.real
    cat > $p <<END
#!/bin/sh
case "\\$*" in *{asked}*) echo '{answer}' ;; *) exec $p.real "\\$@" ;; esac
END
    chmod 755 $p"""
    return host(wrapper)


def nas(**change: Any) -> Produce:
    """The NAS otherwise."""
    return lambda lab, stack: lab.control("/nas", change)


def host(script: str) -> Produce:
    """Something done at the node's console."""
    return lambda lab, stack: lab.run(script)


def declared(**change: Any) -> Produce:
    """A site declared otherwise."""

    def produce(lab: Lab, stack: PlayedStack) -> None:
        stack.declared = {**DECLARED, **change}

    return produce


def stored(**change: str) -> Produce:
    """A stack configured otherwise."""
    return lambda lab, stack: stack.stored.update(change)


def mount(**change: Any) -> Produce:
    """A mount declared otherwise."""
    return declared(mount={**DECLARED["mount"], **change})


def tier(name: str, **change: Any) -> Produce:
    """A tier declared otherwise."""
    return declared(tiers={**DECLARED["tiers"], name: {**DECLARED["tiers"][name], **change}})


def plain_network(lab: Lab, stack: PlayedStack) -> None:
    """A networking.service that is ordered before nothing, as Debian's ifupdown2 has it."""
    lab.run(
        "printf '[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=network.target\\n' "
        "> /etc/systemd/system/networking.service; systemctl daemon-reload; systemctl enable networking.service"
    )


def auditor(lab: Lab, stack: PlayedStack) -> None:
    """A token that may look only."""
    stack.stored |= token(lab, "pveum acl modify / --users auditor@pve --roles PVEAuditor")


def hanging(lab: Lab, stack: PlayedStack) -> None:
    """A mount whose export is gone."""
    lab.run(MOUNT)
    lab.unexport(EXPORT)


def squashed_and_old(lab: Lab, stack: PlayedStack) -> None:
    """Old files of an app on a NAS that then lets nobody write."""
    lab.run(IN_HA.format(OLD))
    lab.control("/nas", {"squash": "guest"})


def cut(lab: Lab, stack: PlayedStack) -> None:
    """The NAS goes off in the middle of the test mount, and one waits for it as long as in reality."""
    lab.control("/patience", {"scale": 1})
    lab.control("/faults", CUT)


def cut_without_namespaces(lab: Lab, stack: PlayedStack) -> None:
    """The same on a host that gives nobody mounts of his own."""
    cut(lab, stack)
    lab.run("rm /usr/bin/unshare")


DIR = "pvesm add dir nas-backups --path /mnt/nas-backups --content backup --is_mountpoint 1"
STORAGE = f"{MOUNT}; {DIR}; umount /mnt/nas-backups"

CONDITIONS: list[tuple[str, Produce, str, str, str]] = [
    ("host off", stored(sshPort="1"), "host", "unknown", "no ssh connection"),
    ("strange key", stored(sshHostKey="SHA256:" + "A" * 43), "host-key", "trouble", "its ssh host key is"),
    (
        "another machine",
        host("printf '#!/bin/sh\\necho pve9\\n' > /usr/bin/hostname"),
        "host-name",
        "trouble",
        "called pve9",
    ),
    (
        "api refuses",
        stored(api="https", token="root@pam!iac=00000000-0000-0000-0000-000000000000"),
        "api",
        "trouble",
        "",
    ),
    ("old Proxmox VE", says("pvesh", "/version", '{"version": "7.4-3"}'), "proxmox-ve", "warning", "July 2024"),
    ("no such node", declared(node="pve2"), "node", "trouble", "has pve"),
    ("old kernel", says("uname", "-r", "5.4.203-1-pve"), "kernel", "warning", "it is 5.4.203, and 6.1"),
    ("old systemd", says("systemctl", "--version", "systemd 247 (247.3-7)"), "systemd", "warning", "252 is the oldest"),
    (
        "old util-linux",
        says("mount", "--version", "mount from util-linux 2.36.1"),
        "util-linux",
        "warning",
        "--tab-file",
    ),
    ("old zstd", says("zstd", "--version", "v1.4.8"), "zstd", "warning", "it is 1.4.8"),
    ("no zstd", host("rm /usr/bin/zstd"), "zstd", "trouble", "does not have it"),
    ("unordered network", plain_network, "network-online", "warning", "does not wait for networking.service"),
    ("slow boot", mount(heal=False), "boot", "note", "90 s more"),
    ("NAS off", nas(power="off"), "nas", "unknown", "does not answer the host on port 2049"),
    ("NAS cut in the middle", cut, "nas", "unknown", "fell silent"),
    ("NAS cut, no namespaces", cut_without_namespaces, "nas", "unknown", "at write"),
    ("test mount stuck", host(STUCK), "left-behind", "warning", "could not be taken away"),
    ("hanging mount", hanging, "mount-hangs", "trouble", "mount unresponsive"),
    ("export for others", nas(client="192.168.7.9"), "export", "trouble", "offers it to 192.168.7.9"),
    ("no such export", mount(export="/volume1/nothing"), "export", "trouble", f"what it exports is {EXPORT}"),
    ("no showmount", host("rm /usr/sbin/showmount"), "export", "well", "offers it"),
    ("bad options", mount(options=["soft", "timeo=150", "defualts"]), "test-mount", "trouble", "does not understand"),
    ("no NFS client", host(NO_CLIENT), "test-mount", "trouble", "install nfs-common"),
    ("root_squash", nas(squash="guest"), "root-writes", "trouble", "may not make a directory"),
    ("read only", nas(privilege="ro"), "root-writes", "trouble", "Read-only file system"),
    ("full", nas(full=True), "root-writes", "trouble", "make room on the NAS"),
    ("no room", nas(full=True), "space", "warning", "make room, or keep fewer archives"),
    ("root is somebody else", nas(squash="admin"), "root-writes", "well", "belongs to user 1024"),
    ("container refused", nas(strangers=False), "mapped-writes", "note", "/var/tmp"),
    ("no setpriv", host("rm /usr/bin/setpriv"), "mapped-writes", "unknown", "no setpriv"),
    ("clock ahead", nas(ahead=300), "clock", "warning", "ahead of the host's"),
    ("clock behind", nas(ahead=-7200), "clock", "warning", "behind the host's"),
    ("no storage yet", lambda lab, stack: None, "storage", "note", "pulumi up makes it"),
    ("storage not mounted", host(STORAGE), "storage", "trouble", "nothing is mounted"),
    ("storage disabled", host(f"{STORAGE}; pvesm set nas-backups --disable 1"), "storage", "trouble", "disabled"),
    ("storage well", host(f"{MOUNT}; {DIR}"), "storage", "well", "active"),
    ("no files of an app", host(IN_HA.format("rm /mnt/ha/*")), "app-files", "trouble", "has made no backup"),
    ("old files of an app", host(IN_HA.format(OLD)), "app-files", "trouble", "more than the 48 h"),
    ("old files, root squashed", squashed_and_old, "app-files", "trouble", "more than the 48 h"),
    ("hidden files of an app", lambda lab, stack: lab.unexport(HA), "app-files", "unknown", "cannot look into"),
    ("DSM off", stored(dsmUrl="https://127.0.0.1:1"), "dsm", "trouble", "nothing answers this machine"),
    ("options for root only", auditor, "root-only", "trouble", "would be refused"),
    ("privileges missing", auditor, "permissions", "trouble", "POST /cluster/backup"),
    ("doubtful declaration", host("pct stop 103; pct destroy 103"), "lints", "trouble", "none of its guests (103)"),
]


@pytest.mark.parametrize(
    ("produce", "item", "level", "said"), [pytest.param(*row[1:], id=row[0]) for row in CONDITIONS]
)
async def test_a_condition_is_found(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str], produce: Produce, item: str, level: str, said: str
) -> None:
    lab.control("/patience", {"scale": 0.02})
    produce(lab, stack)
    before = on_node(lab)
    lab.forget()
    code = await preflight._preflight(stack, permissions=False, as_json=True)
    found = json.loads(capsys.readouterr().out)["findings"]
    lab.control("/nas", {"power": "on"})
    mine = [f"{one['said']}; {one['remedy']}" for one in found if (one["id"], one["level"]) == (item, level)]
    assert any(said in text for text in mine), [one for one in found if one["id"] == item] or found
    levels = {one["level"] for one in found}
    assert code == (1 if "trouble" in levels else 3 if "unknown" in levels else 0)
    assert all(one["remedy"] or one["commands"] for one in found if one["level"] in ("warning", "trouble", "unknown"))
    if item != "left-behind":
        assert on_node(lab) == before
    assert [request for request in lab.requests("api") if request["method"] != "GET"] == []


def on_node(lab: Lab) -> str:
    """What is mounted on the node, and what lies where a test mount is made."""
    return lab.run("cat /proc/mounts; find /run /tmp -mindepth 1 -not -path '/run/lock*'")


def on_nas(lab: Lab) -> list[str]:
    """What lies on the NAS."""
    return sorted(path.name for path in (lab.ready.parent / "state" / "nas").rglob("*"))


async def test_after_a_cut_the_next_preflight_takes_away_what_is_left(stack: PlayedStack, lab: Lab) -> None:
    before = on_nas(lab)
    cut(lab, stack)
    assert await preflight._preflight(stack, permissions=False, as_json=False) == 3
    assert len(on_nas(lab)) == len(before) + 1
    lab.control("/nas", {"power": "on"})
    lab.control("/clock", {"advance": 660})
    assert await preflight._preflight(stack, permissions=False, as_json=False) == 0
    assert on_nas(lab) == before


@pytest.mark.parametrize("commands", [30, 60, 75, 90, 110])
async def test_a_connection_cut_in_the_middle_leaves_no_mount(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str], commands: int
) -> None:
    """Nothing on the host runs on, not even a trap, as after a loss of power; the next preflight tidies up."""
    node, there = on_node(lab), on_nas(lab)
    lab.control(
        "/faults",
        {"on": "ssh", "command": "*preflight*", "when": "during", "effect": "drop", "after_commands": commands},
    )
    assert await preflight._preflight(stack, permissions=False, as_json=False) == 3
    assert "unknown: host 127.0.0.1: the connection was lost" in capsys.readouterr().out
    assert lab.run("cat /proc/mounts") in node
    lab.control("/clock", {"advance": 660})
    assert await preflight._preflight(stack, permissions=False, as_json=False) == 0
    assert (on_node(lab), on_nas(lab)) == (node, there)


def test_every_item_has_its_condition() -> None:
    assert {row[2] for row in CONDITIONS} == ITEMS.keys() - OF_DSM
