"""The home stack on the real host, with the real Pulumi CLI: everything a person types, with the NAS on and cut off."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from homebackup import commands
from tests.acceptance.figures import Figures
from tests.acceptance.host import ORIGINAL, Host
from tests.acceptance.kept import LINE, TARGET
from tests.acceptance.nas import Nas
from tests.pulumi.cli import Ran, Stack
from tests.running_lab import Lab

ROOT = Path(__file__).resolve().parents[3]
SOURCE = "10.0.0.150:/volume1/backups/proxmox_backups"
BOUND = 10.0
"""Seconds in which everything ends that a person types while the NAS is cut off."""
CUT = "the NAS 10.0.0.150 does not answer"
WITH_THE_NAS_CUT = {
    "app assess vaultwarden": ({0}, "app vaultwarden: it needs dumps of its own"),
    "adopt": ({0}, "nothing to adopt"),
    "audit": ({0}, "managed"),
    "calendar": ({0}, "backup-home-p0-daily"),
    "coverage": ({3}, CUT),
    "drill --next": ({3}, CUT),
    "drift": ({3}, f"unknown: {CUT}"),
    "notify --test": ({1}, "homebackup:notify"),
    "plan": ({3}, f"unknown: {CUT}"),
    "preflight": ({1, 3}, "does not answer"),
    "receipts": ({0}, ""),
    "recover": ({0}, "nothing to recover"),
    "report": ({3}, CUT.removeprefix("the ")),
    "restore plan": ({3}, CUT),
    "retention": ({3}, CUT),
    "rules": ({0}, "soft-mount"),
    "run p0": ({3}, CUT),
    "status": ({3}, CUT),
    "trust": ({0}, "stored already"),
    "verify": ({3}, CUT),
}
"""Each verb, with the exit codes it may have then and what it has to say; `serve` goes on until it is stopped."""


@pytest.fixture(scope="module")
def lab(folder: Path) -> Iterator[Lab]:
    """The Proxmox VE API beside the host."""
    (folder / "lab").mkdir()
    lab = Lab.start(folder / "lab")
    yield lab
    lab.stop()


@pytest.fixture
def home(host: Host, lab: Lab, tmp_path: Path) -> Stack:
    """The user's own stack in a project of its own; only how to log in is the lab's and this host's."""
    host.reset()
    lab.reset()
    mount_in(lab)
    port = urlsplit(lab.api["url"]).port
    assert port is not None
    host.forward(port)
    project = tmp_path / "project"
    project.mkdir()
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, project)
    for entry in ("__main__.py", "components", "homebackup", "provider", "pverules"):
        (project / entry).symlink_to(ROOT / entry)
    stack = Stack.init(project, tmp_path / "state", "home")
    settings = {
        "api": "https",
        "apiPort": str(port),
        "fingerprint": lab.api["fingerprint"],
        "sshIdentityFile": str(host.image.identity),
        "sshKnownHosts": str(host.image.known_hosts),
    }
    for key, value in settings.items():
        stack("config", "set", f"homebackup:{key}", value)
    stack("config", "set", "--secret", "homebackup:password", lab.api["password"])
    stack("up", "--yes", "--skip-preview")
    return stack


def mount_in(lab: Lab) -> None:
    """Have the NAS mounted on the lab's own host too: its API looks there, and not on the real one."""
    ssh = lab.ssh
    known = ["-o", f"UserKnownHostsFile={ssh['known_hosts']}", "-i", ssh["identity_file"]]
    there = ["ssh", "-F", "none", *known, "-p", str(ssh["port"]), f"{ssh['user']}@{ssh['host']}"]
    subprocess.run([*there, f"mkdir -p {TARGET} && mount -t nfs -o soft {SOURCE} {TARGET}"], check=True, timeout=30)


def verb(stack: Stack, words: str) -> Ran:
    """Run `homebackup WORDS` in the stack's project."""
    command = [sys.executable, "-m", "homebackup.commands", *words.split(), "--stack", stack.name]
    environment = stack.environment | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=stack.project, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_the_whole_house_is_made_seen_drifting_and_repaired(host: Host, home: Stack) -> None:
    assert host.read("/etc/fstab") == ORIGINAL + b"\n" + LINE
    home("preview", "--expect-no-changes")
    host.ssh(f"umount {TARGET} && mount -t nfs -o hard {SOURCE} {TARGET}")
    home("preview", "--expect-no-changes", exits=7)
    said = verb(home, "drift")
    assert said.exit == 7, said
    assert f"NFS mount {TARGET}: the export is mounted with hard instead of soft" in said.stdout
    assert "systemctl restart" in verb(home, "plan").stdout
    home("up", "--yes", "--skip-preview")
    assert "soft" in host.options()
    home("preview", "--expect-no-changes")
    home("destroy", "--yes", "--skip-preview")
    assert host.read("/etc/fstab") == ORIGINAL
    assert host.live() == []


def test_every_verb_has_its_place_in_the_table() -> None:
    folder = Path(next(iter(commands.__path__)))
    verbs = {file.stem for file in folder.glob("*.py") if re.search(r"\n(def verb\(|group = )", file.read_text())}
    assert verbs == {words.split()[0] for words in WITH_THE_NAS_CUT} | {"serve"}


def test_with_the_nas_cut_every_verb_ends_soon_and_says_so(
    host: Host, nas: Nas, lab: Lab, home: Stack, figures: Figures
) -> None:
    before = host.read("/etc/fstab")
    state = home("stack", "export", "--show-secrets").json()["deployment"]["resources"]
    nas.off()
    lab.control("/nas", {"power": "off"})
    wrong: list[object] = []
    for name, (codes, words) in WITH_THE_NAS_CUT.items():
        began = time.monotonic()
        said = verb(home, name)
        seconds = time.monotonic() - began
        figures.took(f"homebackup {name} with the NAS cut", seconds)
        text = " ".join((said.stdout + said.stderr).split())
        if said.exit not in codes or words not in text or "Traceback" in text or seconds > BOUND:
            wrong.append((name, seconds, said))
    for arguments in (["preview", "--expect-no-changes"], ["refresh", "--yes", "--skip-preview"]):
        began = time.monotonic()
        home(*arguments)
        seconds = time.monotonic() - began
        figures.took(f"pulumi {arguments[0]} with the NAS cut", seconds)
        if seconds > BOUND:
            wrong.append((arguments, seconds))
    assert wrong == []
    after = home("stack", "export", "--show-secrets").json()["deployment"]["resources"]
    assert [(r["urn"], r.get("outputs")) for r in after] == [(r["urn"], r.get("outputs")) for r in state]
    assert host.read("/etc/fstab") == before
    nas.on()
    lab.control("/nas", {"power": "on"})
    home("preview", "--expect-no-changes")
