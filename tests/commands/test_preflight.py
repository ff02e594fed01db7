"""`homebackup preflight` on the lab: what would fail, for whom, and that the printed lines cure it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from homebackup.assess.preflight import findings
from homebackup.commands import preflight
from homebackup.model.finding import Finding
from homebackup.model.host_facts import HostFacts
from homebackup.model.preflight import ITEMS, Preflight, Way
from homebackup.model.site import read_site
from homebackup.views.documents import DOCUMENTS
from homebackup.world.errors import Refused
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab

DECLARED: Any = yaml.safe_load((Path(__file__).parents[2] / "Pulumi.lab.yaml").read_text())["config"][
    "home-backup:site"
]
AUDITOR = "auditor@pve!watch"
OF_DSM = {"share", "volume", "snapshots", "nfs-service", "off-site"}
"""What is looked at only where the site keeps the NAS's management."""


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED


def token(lab: Lab, *lines: str, name: str = AUDITOR, privsep: int = 0) -> dict[str, str]:
    """The configuration for a new token, after these commands at the console."""
    user, _, tokenid = name.partition("!")
    lab.run(f"pveum user add {user}")
    made = lab.run(f"pveum user token add {user} {tokenid} --privsep {privsep} --output-format json")
    for line in lines:
        lab.run(line)
    return {"api": "https", "token": f"{name}={json.loads(made)['value']}"}


async def run(
    stack: PlayedStack, capsys: pytest.CaptureFixture[str], *, permissions: bool = False
) -> tuple[int, list[dict[str, Any]], list[str]]:
    """Exit code, findings as JSON, and the printed lines; nothing of it changes anything."""
    code = await preflight._preflight(stack, permissions=permissions, as_json=True)
    said = capsys.readouterr().out
    assert TypeAdapter(DOCUMENTS["preflight"]).validate_json(said, strict=True)
    found = json.loads(said)["findings"]
    assert await preflight._preflight(stack, permissions=permissions, as_json=False) == code
    assert stack.journal() == []
    return code, found, capsys.readouterr().out.splitlines()


async def test_all_is_well_as_root_over_ssh(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, _ = await run(stack, capsys)
    assert code == 0
    levels = {(finding["id"], finding["level"]) for finding in found}
    noted = {("boot", "note"), ("storage", "note"), ("lints", "note"), ("lints", "warning")}
    assert levels == noted | {
        (name, "well") for name in ITEMS.keys() - OF_DSM - {"boot", "storage", "lints", "mount-hangs"}
    }
    doubted = [finding for finding in found if finding["level"] == "warning"]
    assert [finding["subject"] for finding in doubted] == ["guest 101", "guest 105"], "a weekly job, and 168 hours"
    assert all("(stale-too-early)" in finding["said"] for finding in doubted)
    said = " ".join(finding["said"] for finding in found)
    assert "answers over ssh as root" in said
    assert "its host key is the known one" in said
    assert "Proxmox VE 8.4.1 answers through pvesh over ssh as root" in said
    changed = [request for request in lab.requests("api") if request["method"] != "GET"]
    assert changed == []


async def test_an_auditor_is_told_of_the_archives_it_does_not_see(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.stored |= token(lab, "pveum acl modify / --users auditor@pve --roles PVEAuditor")
    code, found, lines = await run(stack, capsys, permissions=True)
    assert code == 1
    assert {finding["id"] for finding in found} == {"root-only", "permissions"}
    said = [finding["said"] for finding in found]
    assert any(
        "GET /nodes/pve/storage/nas-backups/content, for status: it would be answered with status 200, but without a "
        "single archive" in one
        for one in said
    )
    refused = [finding for finding in found if finding["id"] == "root-only"]
    assert [finding["level"] for finding in refused] == ["trouble", "trouble"]
    for way_out in ("api: ssh", "root@pam with a password", "/etc/vzdump.conf"):
        assert way_out in refused[0]["remedy"]
    assert any(line.startswith("trouble: permissions of auditor@pve!watch: GET /cluster/backup") for line in lines) is (
        False
    )  # an auditor may look at jobs
    assert any(line.startswith("trouble: permissions of auditor@pve!watch: POST /cluster/backup") for line in lines)


@pytest.mark.parametrize("privsep", [0, 1])
async def test_the_printed_lines_are_enough(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str], privsep: int
) -> None:
    stack.stored |= token(lab, privsep=privsep)
    less = {
        "tiers": {"p0": DECLARED["tiers"]["p0"]},
        "guests": _guests("100", "102"),
        "apps": {},
        "inventory": None,
        "home-assistant": None,
    }
    stack.declared = DECLARED | less
    code, found, _ = await run(stack, capsys, permissions=True)
    assert code == 1
    lines = [line for finding in found for line in finding["commands"]]
    assert any("--tokens" in line for line in lines)
    assert any("--users" in line for line in lines)
    for line in lines:
        lab.run(line)
    code, found, printed = await run(stack, capsys, permissions=True)
    assert code == 0, printed
    again = [line for finding in found for line in finding["commands"]]
    assert [re.sub("role add", "role modify", line) for line in lines] == again


def _guests(*vmids: str) -> dict[str, Any]:
    return {vmid: DECLARED["guests"][vmid] for vmid in vmids}


async def test_root_is_told_how_to_make_do_with_less(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, lines = await run(stack, capsys, permissions=True)
    assert code == 0
    assert "  pveum user token add homebackup@pve pulumi --privsep 0" in lines


async def test_a_ticket_of_another_user(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.run("pvesh create /access/users --userid plain@pve --password long-enough")
    stack.stored |= {"api": "https", "user": "plain@pve", "password": "long-enough"}
    code, found, lines = await run(stack, capsys, permissions=True)
    assert code == 1
    assert not any("--tokens" in line or "user add" in line for line in lines)
    assert "long-enough" not in str(found) + str(lines)


async def test_a_nas_that_is_off_is_unknown(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.control("/nas", {"power": "off"})
    code, _, lines = await run(stack, capsys)
    assert code == 3
    assert any(
        line.startswith("unknown: NAS 10.0.0.150: it does not answer the host on port 2049; switch it on")
        for line in lines
    )


async def test_a_mount_that_hangs_is_trouble(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.run(
        "mkdir -p /mnt/nas-backups; mount -t nfs -o soft 10.0.0.150:/volume1/backups/proxmox_backups /mnt/nas-backups"
    )
    lab.unexport("/volume1/backups/proxmox_backups")
    code, _, lines = await run(stack, capsys)
    assert code == 1
    assert any(
        line.startswith(
            "trouble: NFS mount /mnt/nas-backups: mount unresponsive, though the NAS 10.0.0.150 answers the host"
        )
        for line in lines
    )


async def test_a_guest_that_is_gone_and_settings_without_effect_are_told(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run("pct stop 103; pct destroy 103")
    lab.run("pvesh create /cluster/backup --id by-hand --vmid 100 --schedule 05:00 --mailnotification always")
    code, found, lines = await run(stack, capsys)
    assert code == 1
    assert [finding["subject"] for finding in found if finding["level"] == "trouble"] == ["job backup-home-p1-daily"]
    assert any("none of its guests (103) exists (no-guests); delete it" in line for line in lines)
    assert any(line.startswith("warning: job by-hand: mailnotification always is ignored") for line in lines)


async def test_a_node_of_another_name(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.declared = {**DECLARED, "node": "pve2"}
    code, _, lines = await run(stack, capsys)
    assert code == 1
    assert "trouble: node pve2: Proxmox VE on 127.0.0.1 has pve; correct node in the site's configuration" in lines


async def test_a_host_key_that_is_not_the_known_one(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.stored["sshHostKey"] = "SHA256:" + "A" * 43
    code, _, lines = await run(stack, capsys)
    assert code == 1
    told = [line for line in lines if "its ssh host key is" in line]
    assert len(told) == 1  # though the API over ssh and the NAS meet it too
    assert told[0].startswith("trouble: host 127.0.0.1")
    assert "homebackup trust" in told[0]


async def test_a_host_that_is_away_is_unknown(
    stack: PlayedStack, unused_tcp_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.stored["sshPort"] = str(unused_tcp_port)
    code, found, _ = await run(stack, capsys)
    assert code == 3
    assert [finding["id"] for finding in found if finding["level"] == "unknown"] == ["host"]
    assert not {"permissions", "root-only"} & {finding["id"] for finding in found}, "nobody saw that it may be done"
    code, found, _ = await run(stack, capsys, permissions=True)
    assert (code, [(finding["id"], finding["level"]) for finding in found]) == (3, [("permissions", "unknown")])


async def test_a_declaration_that_cannot_be_read_is_a_sentence(stack: PlayedStack) -> None:
    stack.declared = {**DECLARED, "lan": "nowhere"}
    with pytest.raises(Refused, match=r"home-backup:site\.lan"):
        await preflight._preflight(stack, permissions=False, as_json=False)


@pytest.mark.parametrize(
    ("options", "heal", "figures"),
    [
        ([], False, ["90 s more", "never retried", "heal: true", "add nofail"]),
        ([], True, ["every boot takes 90 s more", "the timer of heal mounts it"]),
        (["x-systemd.mount-timeout=20s"], True, ["every boot takes 20s more (x-systemd.mount-timeout=20s)"]),
        (["nofail"], True, ["a boot does not wait", "the timer of heal mounts it"]),
        (["noauto"], False, ["does not delay a boot"]),
    ],
)
def test_the_mount_line_is_told_its_price(options: list[str], heal: bool, figures: list[str]) -> None:
    mount = {**DECLARED["mount"], "heal": heal, "options": [*DECLARED["mount"]["options"], *options]}
    (finding,) = [one for one in judged({**DECLARED, "mount": mount}, HostFacts()) if one.id == "boot"]
    assert finding.level == "note"
    for figure in figures:
        assert figure in "\n".join(finding.lines)


def judged(declared: Any, host: HostFacts) -> list[Finding]:
    """What is found where only the host was looked at."""
    return findings(read_site(declared), Preflight(Way("10.0.0.50", "root", "ssh", "root", True), host=host))


def test_the_page_names_everything_that_is_looked_at() -> None:
    page = (Path(__file__).parents[2] / "docs" / "preflight.md").read_text()
    assert [f"| `{name}` | {what} |" for name, what in ITEMS.items() if f"| `{name}` | {what} |\n" not in page] == []
