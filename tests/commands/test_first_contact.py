"""A new stack's first contact with a site, with the real Pulumi CLI on the lab: trust, preflight, up."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pulumi.cli import PATIENCE, Stack
from tests.pulumi.conftest import stack as project
from tests.running_lab import Lab

__all__ = ["project"]
pytestmark = pytest.mark.pulumi


def homebackup(project: Stack, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "homebackup.commands", *arguments],
        cwd=project.project,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def strange(project: Stack, lab: Lab) -> Stack:
    """A stack that knows the lab's addresses and credentials, and trusts nothing yet."""
    file = project.project / "Pulumi.lab.yaml"
    config: dict[str, Any] = yaml.safe_load(file.read_text())
    del config["config"]["homebackup:lab"]
    ssh = lab.ssh
    config["config"] |= {
        "homebackup:host": ssh["host"],
        "homebackup:sshPort": str(ssh["port"]),
        "homebackup:apiPort": lab.api["url"].rpartition(":")[2].partition("/")[0],
        "homebackup:sshIdentityFile": ssh["identity_file"],
    }
    file.write_text("# kept\n" + yaml.safe_dump(config))
    return project


def test_trust_then_preflight_then_up(strange: Stack, lab: Lab, tmp_path: Path) -> None:
    strange.environment["HOME"] = str(tmp_path)  # nobody's known hosts
    code, said = homebackup(strange, "preflight")
    assert code == 1, said
    assert "is not known yet" in said
    assert "homebackup trust" in said

    code, said = homebackup(strange, "trust")
    assert code == 1  # nobody was there to answer
    assert "Nothing was stored" in said
    code, said = homebackup(strange, "trust", "--yes")
    assert code == 0, said
    assert lab.api["fingerprint"] in said
    stored = (strange.project / "Pulumi.lab.yaml").read_text()
    assert stored.startswith("# kept\n")
    assert f"homebackup:fingerprint: {lab.api['fingerprint']}" in stored
    assert "homebackup:sshHostKey: ssh-ed25519 AAAA" in stored

    code, said = homebackup(strange, "preflight")
    assert code == 0, said
    strange("preview")

    strange("config", "set", "homebackup:fingerprint", "AA:" * 31 + "AA")
    code, said = homebackup(strange, "trust", "--yes")
    assert code == 1
    assert "AA:AA:AA" in said
    assert lab.api["fingerprint"] in said
    assert "--replace" in said
    assert homebackup(strange, "trust", "--yes", "--replace")[0] == 0


def test_preflight_is_quick_and_unknown_with_the_nas_cut_off(project: Stack, lab: Lab) -> None:
    project("up", "--yes", "--skip-preview")
    lab.control("/nas", {"power": "off"})
    begun = time.monotonic()
    code, said = homebackup(project, "preflight")
    assert time.monotonic() - begun < 10
    assert code == 3, said
    assert "unknown: NAS 10.0.0.150: it does not answer the host on port 2049" in said
