"""The main job on the lab: declare, preview, up, drift, repair, back up, status; nothing in it is faked."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import asyncssh
import requests

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".lab"
READY = PLACE / "ready.json"
ENVIRONMENT = {
    **os.environ,
    "PULUMI_BACKEND_URL": (PLACE / "backend").as_uri(),
    "PULUMI_HOME": str(PLACE / "pulumi"),
    "PULUMI_CONFIG_PASSPHRASE": "lab",
    "HOMEBACKUP_JOURNAL": str(PLACE / "journal.jsonl"),
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
}
BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")


def scene(text: str) -> None:
    """Print what happens now."""
    print(f"\n{BOLD}{text}{PLAIN}")


def run(*command: str, exits: int = 0, shown: tuple[str, ...] | None = None) -> None:
    """Run a command before the reader's eyes; `shown` keeps only lines that have one of these words.

    Ends the demo when the command exits otherwise than the story says.
    """
    print(f"$ {' '.join(command)}")
    ran = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    lines = [line.rstrip() for line in ran.stdout.splitlines() if line.strip()]
    for line in lines:
        if shown is None or any(word in line for word in shown):
            print(f"  {line}")
    if ran.returncode != exits:
        sys.exit(
            f"{ran.stdout}{ran.stderr}\ndemo: `{' '.join(command)}` ended with {ran.returncode} instead of {exits}"
        )
    print(f"  exit code {ran.returncode}")


def start_lab() -> subprocess.Popen[bytes]:
    """Start the lab and wait until it serves."""
    shutil.rmtree(PLACE, ignore_errors=True)
    (PLACE / "backend").mkdir(parents=True)
    began = time.monotonic()
    with (PLACE / "log").open("wb") as log:
        command = [sys.executable, "-m", "lab", "--ready", str(READY), "--state", str(PLACE / "state")]
        lab = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    while not READY.exists():
        if lab.poll() is not None or time.monotonic() - began > 30:
            lab.kill()
            sys.exit(f"demo: the lab did not start; it said: {(PLACE / 'log').read_text()}")
        os.sched_yield()
    print(f"  a Proxmox VE node, its host and a NAS, ready after {time.monotonic() - began:.1f} s")
    return lab


def web_interface(facts: dict[str, Any], job: str, **changes: str) -> None:
    """What a person does in Proxmox VE's web interface: log in with the password and edit a job."""
    api = facts["api"]
    with requests.Session() as person:
        person.verify = api["ca_file"]
        person.trust_env = False
        login = {"username": api["user"], "password": api["password"]}
        ticket = person.post(f"{api['url']}/access/ticket", data=login, timeout=30).json()["data"]
        person.cookies["PVEAuthCookie"] = ticket["ticket"]
        guard = {"CSRFPreventionToken": ticket["CSRFPreventionToken"]}
        answer = person.put(f"{api['url']}/cluster/backup/{job}", data=changes, headers=guard, timeout=30)
        answer.raise_for_status()
    print(f"  {job}: {', '.join(f'{name} {value}' for name, value in changes.items())}")


async def shell(facts: dict[str, Any], command: str) -> None:
    """What a person does on the host by hand."""
    ssh = facts["ssh"]
    async with asyncssh.connect(
        ssh["host"],
        ssh["port"],
        username=ssh["user"],
        client_keys=[ssh["identity_file"]],
        known_hosts=ssh["known_hosts"],
        config=None,
    ) as link:
        print(f"root@pve:~# {command}")
        said = await link.run(command, check=True)
    for line in str(said.stdout).splitlines():
        print(f"  {line}")


def main() -> None:
    """Tell the story from the seeded house to the last empty preview."""
    began = time.monotonic()
    scene("The lab starts")
    lab = start_lab()
    try:
        facts = json.loads(READY.read_text())
        run("pulumi", "stack", "init", "lab", shown=())
        scene("What would `pulumi up` do? Each command on the host and each API call, before it happens")
        run("homebackup", "plan", "--stack", "lab")
        scene("Do it")
        run("pulumi", "up", "--stack", "lab", "--yes", "--skip-preview", shown=(" created", "error"))
        run("pulumi", "preview", "--stack", "lab", "--expect-no-changes", shown=("unchanged", "error"))
        scene("Somebody is busy in the web interface and on the host")
        web_interface(facts, "backup-home-p0-daily", **{"prune-backups": "keep-last=1"})
        web_interface(facts, "backup-home-p1-daily", enabled="0")
        mount = "mount -t nfs -o hard 10.0.0.150:/volume1/backups/proxmox_backups /mnt/nas-backups"
        asyncio.run(shell(facts, f"umount /mnt/nas-backups && {mount}"))
        scene("It is found and named")
        run("homebackup", "drift", "--stack", "lab", exits=7)
        scene("And repaired")
        run("pulumi", "up", "--stack", "lab", "--yes", "--skip-preview", shown=(" updated", "unchanged", "error"))
        run("pulumi", "preview", "--stack", "lab", "--expect-no-changes", shown=("unchanged", "error"))
        scene("Is everything restorable, and from when? Back up what matters most now, and ask")
        run("homebackup", "run", "p0", "--stack", "lab")
        run("homebackup", "status", "--stack", "lab")
    finally:
        lab.terminate()
        lab.wait(10)
    print(f"\n{BOLD}Everything is as declared again, after {time.monotonic() - began:.0f} s.{PLAIN}")


if __name__ == "__main__":
    main()
