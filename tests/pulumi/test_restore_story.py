"""The whole story with the real Pulumi CLI, the one that `make demo-restore` tells: from the seeded house to green."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from demo_restore import STORY, Step

from tests.commands.living_site import NEXT_NOON
from tests.commands.test_restore import guests
from tests.pulumi.cli import PATIENCE, Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

SPARE = re.compile(r"/(?:qemu|lxc)/(\d+)")


def written(lab: Lab) -> list[str]:
    """The writing calls that the node was asked for since nobody looked."""
    asked = [str(request.get("command", "")) for request in lab.requests("ssh")]
    return [found for text in asked for found in re.findall(r"pvesh (?:create|set|delete) \S+", text)]


def typed(step: Step, stack: Stack, lab: Lab) -> str:
    """What a step of the story prints; it has to exit as the story says."""
    if isinstance(step.typed, str):
        return lab.run(step.typed)
    program, *words = step.typed
    if program == "pulumi":
        ran = stack(*words, exits=step.exits)
        return ran.stdout
    command = [sys.executable, "-m", f"{program}.commands", *words]
    done = subprocess.run(
        command,
        cwd=stack.project,
        env=stack.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == step.exits, f"{' '.join(step.typed)}: {done.stdout}{done.stderr}"
    return done.stdout


def test_from_the_seeded_house_to_green(stack: Stack, lab: Lab) -> None:
    lab.control("/clock", {"set": float(lab.run(NEXT_NOON))})
    (stack.project / ".lab").mkdir()
    before = guests(lab)
    said: dict[str, str] = {}
    for step in STORY:
        lab.forget()
        name = step.typed if isinstance(step.typed, str) else " ".join(step.typed).replace(" --stack lab", "")
        said[name] = typed(step, stack, lab)
        calls = written(lab)
        if name in ("homebackup preflight", "homebackup audit", "homebackup adopt --run", "homebackup verify --deep"):
            assert calls == [], name
        if name.startswith(("homebackup drill", "homebackup restore ")) and "plan" not in name:
            touched = {int(vmid) for call in calls for vmid in SPARE.findall(call)}
            assert touched <= {202, 205, *range(9900, 10000)}, calls
            assert any("create /nodes/pve/" in call for call in calls), calls
    assert guests(lab) == before
    assert "test mount: it is unmounted, and nothing is left of it" in said["homebackup preflight"]
    assert "it refers to storage synology-nas-storage" in said["homebackup audit"]
    assert "vzdump job backup-home-p0-daily" in said["homebackup adopt --run"]
    assert said["homebackup run --all"].count(" guests backed up\n") == 3
    assert "5 archives looked at: 5 good" in said["homebackup verify --deep --newest"]
    kept = [json.loads(line) for line in (stack.project / ".homebackup" / "drilled.jsonl").read_text().splitlines()]
    assert [(one["vmid"], one["spare"], one["ok"]) for one in kept] == [(100, 9900, True), (105, 9900, True)]
    assert "vaultwarden" in said["qm start 202 && qm guest cmd 202 get-host-name"]
    assert said["pct start 205 && pct exec 205 -- hostname"] == "pihole-home\n"
    runbook = (stack.project / "RESTORE.md").read_text()
    assert runbook == lab.run("cat /mnt/nas-backups/RESTORE.md") == said["homebackup restore plan"]
    for document in ("MINILAB_SSOT.md", "BACKUP_GOVERNANCE.md"):
        assert "<!-- homebackup: begin home-" in (stack.project / ".lab" / document).read_text()
    assert re.search(r"\n100 home-assistant +OK ", said["homebackup status --exit-code"])
    assert "drilled: 2 of 5 guests" in said["homebackup status --exit-code"]
