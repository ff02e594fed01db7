"""The inventory in the owner's repository, with the real Pulumi CLI: made, watched, changed by hand, taken away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.pulumi.cli import Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

OWNERS = """\
# What the shop and the home back up.
targets:
  - name: vm-200-docker-host-primary   # shop
    enabled: true
    glob: 'vzdump-qemu-200-*.vma.zst'

# the end
"""
MISSIONS = {
    "home-vm-100-ha-primary": ("vzdump-qemu-100-*.vma.zst", 26, "critical"),
    "home-vm-102-vaultwarden-primary": ("vzdump-qemu-102-*.vma.zst", 26, "critical"),
    "home-lxc-103-download-primary": ("vzdump-lxc-103-*.tar.zst", 26, "important"),
    "home-vm-101-immich-primary": ("vzdump-qemu-101-*.vma.zst", 168, "important"),
    "home-lxc-105-pihole-primary": ("vzdump-lxc-105-*.tar.zst", 168, "rebuildable"),
}
DUMP = "/mnt/nas-backups/dump"
WAITING = (
    "unknown: nothing is mounted on /mnt/nas-backups, so whether a first archive of what waits for one is there is not "
    "known"
)
FIRST = "home-vm-100-ha-primary"


@pytest.fixture
def inventory(stack: Stack) -> Path:
    """The owner's inventory, which has entries of another site."""
    file = stack.project / ".lab" / "backup.inventory.yaml"
    file.parent.mkdir()
    file.write_text(OWNERS)
    return file


def test_the_entries_of_the_home_site_come_and_go_around_those_of_others(
    stack: Stack, lab: Lab, inventory: Path
) -> None:
    preview = stack("preview")
    assert f"+   - name: {FIRST}" in preview.stdout + preview.stderr
    assert inventory.read_text() == OWNERS
    stack("up", "--yes", "--skip-preview")
    text = inventory.read_text()
    assert text.startswith(OWNERS.removesuffix("\n# the end\n"))
    assert text.endswith("\n# the end\n")
    found = {entry["name"]: entry for entry in yaml.safe_load(text)["targets"]}
    assert list(found) == ["vm-200-docker-host-primary", *MISSIONS, "app-home-assistant"]
    for name, (glob, hours, classification) in MISSIONS.items():
        assert found[name] == {
            "name": name,
            "enabled": False,
            "kind": "file_glob",
            "host": "proxmox-home",
            "base_path": DUMP,
            "glob": glob,
            "stale_after_hours": hours,
            "classification": classification,
        } | ({"notes": found[name]["notes"]} if "immich" in name else {})
    assert found["app-home-assistant"]["stale_after_hours"] == 48
    assert found["app-home-assistant"]["enabled"] is True
    stack("preview", "--expect-no-changes")

    lab.run("vzdump 100 --storage nas-backups --compress zstd")
    stack("up", "--yes", "--skip-preview")
    flipped = text.replace(f"{FIRST}\n    enabled: false", f"{FIRST}\n    enabled: true")
    assert inventory.read_text() == flipped != text
    stack("preview", "--expect-no-changes")

    inventory.write_text(text.replace("classification: rebuildable", "classification: critical  # since today"))
    stack("up", "--yes", "--skip-preview")
    assert inventory.read_text() == flipped.replace("rebuildable", "rebuildable  # since today")
    stack("destroy", "--yes", "--skip-preview")
    assert inventory.read_text() == OWNERS


def test_an_import_writes_nothing(stack: Stack, lab: Lab, inventory: Path) -> None:
    stack("up", "--yes", "--skip-preview")
    text = inventory.read_text()
    components = "homebackup:components:HomeBackup$homebackup:components:InventoryEntries"
    parent = f"urn:pulumi:lab::home-backup::{components}::inventory"
    urn = parent.replace("::inventory", f"$homebackup:index:InventoryEntry::{FIRST}")
    stack("state", "delete", urn, "--yes", "--force", "--target-dependents")
    taken = ("--parent", f"parent={parent}", "--yes", "--protect=false", "--generate-code=false")
    stack("import", "homebackup:index:InventoryEntry", FIRST, f".lab/backup.inventory.yaml#{FIRST}", *taken)
    stack("up", "--yes", "--skip-preview")
    stack("preview", "--expect-no-changes")
    assert inventory.read_text() == text


def test_a_broken_inventory_stops_with_line_and_column_and_stays(stack: Stack, lab: Lab, inventory: Path) -> None:
    broken = OWNERS + "\t- name: x\n"
    inventory.write_text(broken)
    ran = stack("preview", exits=None)
    said = " ".join((ran.stdout + ran.stderr).split())
    assert ran.exit != 0
    assert ".lab/backup.inventory.yaml, line 8, column 1: a tab" in said
    assert "Traceback" not in said
    assert inventory.read_text() == broken


def test_while_the_nas_is_off_the_entries_that_wait_are_told_of_once(stack: Stack, lab: Lab) -> None:
    stack("up", "--yes", "--skip-preview")
    lab.run("umount /mnt/nas-backups")
    lab.control("/nas", {"power": "off"})
    for verb in ("plan", "drift"):
        command = [sys.executable, "-m", "homebackup.commands", verb, "--stack", stack.name]
        done = subprocess.run(
            command, cwd=stack.project, env=stack.environment, capture_output=True, text=True, check=False, timeout=180
        )
        assert "Traceback" not in done.stderr
        assert [line for line in done.stdout.splitlines() if "first archive" in line] == [WAITING], verb
