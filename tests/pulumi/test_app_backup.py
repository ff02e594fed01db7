"""An application's own dump, and one that waits, with the real Pulumi CLI: declared, made, changed by hand, ended."""

from __future__ import annotations

import pytest

from tests.pulumi.cli import Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi
SITE = "home-backup:site"
SCRIPT = "/usr/local/sbin/homebackup-dump-pihole"
DUMP = {"recipe": "command", "command": "echo list", "to": "/var/backups/pihole", "schedule": "04:00"}
APP = {"guest": 105, "classification": "rebuildable", "stale-after-hours": 48, "dump": DUMP}


def declare(stack: Stack, path: str, value: object) -> None:
    for key, inner in value.items() if isinstance(value, dict) else ():
        declare(stack, f"{path}.{key}", inner)
    if not isinstance(value, dict):
        stack("config", "set", "--path", f"{SITE}.{path}", str(value))


def test_an_app_that_dumps_itself_comes_and_goes(stack: Stack, lab: Lab) -> None:
    declare(stack, "apps.pihole", APP)
    preview = stack("preview", "--diff")
    said = preview.stdout + preview.stderr
    assert f"write {SCRIPT} in guest 105" in said
    assert "# pct exec 105 -- systemctl enable --now homebackup-dump-pihole.timer" in said
    stack("up", "--yes", "--skip-preview")
    stack("preview", "--expect-no-changes")
    assert "keep=7" in lab.run(f"pct exec 105 -- cat {SCRIPT}")
    lab.run(f"pct exec 105 -- sed -i s/keep=7/keep=1/ {SCRIPT}")
    lab.run("pct exec 105 -- systemctl stop homebackup-dump-pihole.timer")
    drifted = stack("preview", "--diff").stdout
    assert "~ keep" in drifted
    assert "~ timer" in drifted
    stack("up", "--yes", "--skip-preview")
    stack("preview", "--expect-no-changes")
    lab.run("pct exec 105 -- systemctl start homebackup-dump-pihole.service")
    (dump,) = lab.run("pct exec 105 -- sh -c 'ls /var/backups/pihole/*.gz'").split()
    stack("destroy", "--yes", "--skip-preview")
    assert lab.run("pct exec 105 -- sh -c 'ls /usr/local/sbin; ls /etc/systemd/system | grep -c dump || true'") == "0\n"
    assert lab.run(f"pct exec 105 -- zcat {dump}") == "list\n"


def test_what_waits_is_quiet_until_its_guest_runs(stack: Stack, lab: Lab) -> None:
    quiet = stack("preview")
    assert "deferred" not in quiet.stdout + quiet.stderr
    lab.run("qm start 101")
    said = stack("preview")
    text = " ".join((said.stdout + said.stderr).split())
    assert "warning: app immich: guest 101 runs, until which it was deferred (VM stopped; its database needs" in text
    assert "write dump: {recipe: postgres, to: /mnt/nas/immich, schedule: '02:30', command: docker exec" in text
