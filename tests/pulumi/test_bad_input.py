"""Bad input: a sentence that names the property or the host, before anything is touched, and never a traceback."""

from __future__ import annotations

import re
import socket

import pytest

from tests.pulumi.cli import Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

ROWS: dict[str, tuple[str, str, str]] = {
    "wrong VMID": ("guests: [103]", "guests: [13]", "home-backup:site.tiers.p1.guests[0]: 13 is not a VMID"),
    "undeclared guest": (
        "guests: [103]",
        "guests: [199]",
        "site.tiers.p1.guests[0]: guest 199 is not declared under guests",
    ),
    "unknown storage": (
        "name: nas-backups",
        "name: nas backups",
        "site.storage.name: 'nas backups' is not a storage name",
    ),
    "storage of a tier": (
        "job: backup-home-p1-daily",
        "job: backup-home-p1-daily\n        storage: nas-backup",
        "site.tiers.p1.storage: is not a property",
    ),
    "impossible schedule": (
        'schedule: "03:15"',
        "schedule: half past three",
        "site.tiers.p1.schedule: 'half past three' is not",
    ),
    "retention of zero": (
        "retention: {keep-last: 2}",
        "retention: {keep-last: 0}",
        "site.tiers.p2.retention: limits nothing",
    ),
    "Tailscale address": (
        "address: 10.0.0.150",
        "address: 100.102.199.111",
        "site.nas.address: 100.102.199.111 is a Tailscale",
    ),
    "address outside": (
        "address: 10.0.0.150",
        "address: 10.0.1.150",
        "site.nas.address: 10.0.1.150 is not in the site's LAN",
    ),
    "hard": ("defaults, soft, timeo", "defaults, hard, timeo", "site.mount.options: must have soft and not hard"),
    "two tiers, one guest": (
        "guests: [103]",
        "guests: [102, 103]",
        "site.tiers.p1.guests[0]: guest 102 is in tier p0 already",
    ),
    "unknown key": ("    lan: 10.0.0.0/24", "    lan: 10.0.0.0/24\n    lann: 1", "site.lann: is not a property"),
    "misspelt inside": ("content: [backup]", "contents: [backup]", "site.storage.contents: is not a property"),
    "system directory": (
        "target: /mnt/nas-backups",
        "target: /etc",
        "site.mount.target: '/etc' is a directory of the system",
    ),
    "no ready file": (".*ready.json", "  homebackup:lab: /nowhere/ready.json", "/nowhere/ready.json"),
    "wrong host": (
        "  home-backup:site:",
        "  homebackup:host: https://pve\n  home-backup:site:",
        "is no host name or address",
    ),
}


def config(stack: Stack, pattern: str, replacement: str) -> None:
    """Change the stack's configuration as an editor would."""
    path = stack.project / "Pulumi.lab.yaml"
    text = path.read_text()
    changed = re.sub(pattern, replacement, text, count=1) if "*" in pattern else text.replace(pattern, replacement, 1)
    assert changed != text, f"{pattern} is not in the configuration"
    path.write_text(changed)


def refused(stack: Stack, lab: Lab, verb: str = "preview") -> str:
    """What the owner reads when the verb is refused; nothing was written to the lab."""
    ran = stack(verb, *(["--yes"] if verb == "up" else []), exits=None)
    said = ran.stdout + ran.stderr
    assert ran.exit not in (0, 7), said
    assert "Traceback" not in said
    writes = [r for r in lab.requests("api") if r["method"] != "GET" and "ticket" not in r["path"]]
    assert writes == []
    return said


@pytest.mark.parametrize("what", ROWS)
def test_is_named_before_anything_is_touched(stack: Stack, lab: Lab, what: str) -> None:
    pattern, replacement, sentence = ROWS[what]
    config(stack, pattern, replacement)
    said = refused(stack, lab)
    assert sentence in said
    assert lab.requests() == []


def test_an_unreachable_host(stack: Stack, lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    config(stack, "  home-backup:site:", f"  homebackup:sshPort: {port}\n  home-backup:site:")
    assert "127.0.0.1" in refused(stack, lab)
    assert lab.requests() == []


def test_a_changed_host_key(stack: Stack, lab: Lab) -> None:
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFVKsTzc9/BDDxOyAQnFGWmy2ljzKMA9jKSnYxo1XbYu"
    config(stack, "  home-backup:site:", f"  homebackup:sshHostKey: {other}\n  home-backup:site:")
    said = refused(stack, lab)
    assert said.count("SHA256:") >= 2, "the old and the new key are named"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("  homebackup:user: root@pam\n  homebackup:password: wrong", "password"),
        ("  homebackup:fingerprint: " + ":".join(["AB"] * 32), "AB:AB"),
    ],
    ids=["wrong password", "changed certificate"],
)
def test_over_https(stack: Stack, lab: Lab, lines: str, sentence: str) -> None:
    config(stack, "  home-backup:site:", f"  homebackup:api: https\n{lines}\n  home-backup:site:")
    (stack.project / "__main__.py").unlink()
    (stack.project / "__main__.py").write_text(
        "from homebackup.engine.program import VzdumpJob\n"
        "VzdumpJob('one', job='one', schedule='03:00', vmid=[100], storage='local')\n"
    )
    assert sentence in refused(stack, lab)


def test_a_token_is_told_before_anything_is_created(stack: Stack, lab: Lab) -> None:
    token = lab.api["token"]
    config(stack, "  home-backup:site:", f"  homebackup:api: https\n  homebackup:token: {token}\n  home-backup:site:")
    said = refused(stack, lab, "up")
    assert "tmpdir: only root@pam itself may set it, no API token can" in said
    assert "VzdumpDefaults" in said
    assert token.rpartition("=")[2] not in said


def test_pvesh_cannot_say_quiet(stack: Stack, lab: Lab) -> None:
    (stack.project / "__main__.py").unlink()
    (stack.project / "__main__.py").write_text(
        "from homebackup.engine.program import VzdumpJob\n"
        "VzdumpJob('one', job='one', schedule='03:00', vmid=[100], storage='local', quiet=True)\n"
    )
    assert "quiet: pvesh takes this option for its own" in refused(stack, lab)
