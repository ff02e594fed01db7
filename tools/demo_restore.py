"""The rest of the story on the lab: from the seeded house to backups that were verified, drilled and restored."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests
from demo import BOLD, PLAIN, READY, ROOT, run, scene, shell, start_lab

RUNBOOK = ROOT / "RESTORE.md"
STACK = ("--stack", "lab")
QUIET = range(11, 24)
"""Hours of the day without a window of the site, or a run of a job of its."""
UP = ("pulumi", "up", *STACK, "--yes", "--skip-preview")


@dataclass(frozen=True)
class Step:
    """One thing that somebody types: here, or, a single text, on the node.

    `scene` is what is said before it. It exits with `exits`; `shown` are words of the lines that a reader is shown.
    """

    scene: str
    typed: tuple[str, ...] | str
    shown: tuple[str, ...] | None = None
    exits: int = 0


STORY = (
    Step(
        "Is it safe to start? It looks, mounts the export once to try it, and changes nothing",
        ("homebackup", "preflight", *STACK),
        ("it is node", "offers", "user 100000", "nothing is left", "agrees", "room on", "permissions"),
    ),
    Step(
        "What is there already? Jobs that somebody once switched off, and what they still hide",
        ("homebackup", "audit", *STACK),
        ("  broken", "refers to", "hides", "things:"),
    ),
    Step(
        "One job is made by hand, as it is declared; adopting takes it over and writes nothing",
        "pvesh create /cluster/backup --id backup-home-p0-daily --vmid 100,102 --schedule 03:00 --storage nas-backups"
        " --compress zstd --mode snapshot --prune-backups keep-last=3 --notes-template '{{guestname}}'",
    ),
    Step("", ("homebackup", "adopt", *STACK, "--run"), ("backup-home-p0-daily", "import", "adopt")),
    Step("Make what is declared, the owner's documents with it", UP, (" created", "unchanged", "error")),
    Step(
        "Remove a broken job, and keep all of it as a receipt",
        ("homebackup", "audit", *STACK, "--retire", "backup-4c1f0a52-77aa"),
    ),
    Step("Two machines run the guest agent", "qm set 100 --agent 1 && qm set 102 --agent 1"),
    Step("Back up everything now", ("homebackup", "run", "--all", *STACK)),
    Step("Read the archives to their end", ("homebackup", "verify", "--deep", "--newest", *STACK), ("looked at",)),
    Step("A backup that nobody restored is a hope: whose turn is it?", ("homebackup", "drill", "--next", *STACK)),
    Step("And a container", ("homebackup", "drill", "pihole-home", *STACK)),
    Step("Bring a machine back beside itself", ("homebackup", "restore", "vaultwarden", "--to", "202", *STACK)),
    Step("", "qm start 202 && qm guest cmd 202 get-host-name"),
    Step("And a container", ("homebackup", "restore", "pihole-home", "--to", "205", *STACK)),
    Step("", "pct start 205 && pct exec 205 -- hostname"),
    Step("Seen enough", "qm stop 202 && qm destroy 202; pct stop 205 && pct destroy 205"),
    Step(
        "Write down how to restore everything, here and beside the archives",
        ("homebackup", "restore", "plan", *STACK),
        ("# ", "qmrestore", "pct restore"),
    ),
    Step("The inventory hears that there are archives", UP, (" updated", "error")),
    Step("", ("pulumi", "preview", *STACK, "--expect-no-changes"), ("unchanged", "error")),
    Step("Green?", ("homebackup", "status", *STACK, "--exit-code")),
)
"""From the seeded house to green."""


def noon(facts: dict[str, Any]) -> None:
    """Let it be tomorrow noon on the node, unless it is a time of day at which nothing else needs the NAS."""
    now = datetime.now(ZoneInfo("Europe/Vienna"))
    if now.hour not in QUIET:
        epoch = (now + timedelta(days=1)).replace(hour=12, minute=0, second=0).timestamp()
        url = facts["control"]["url"].rstrip("/")
        requests.post(f"{url}/clock", json={"set": epoch}, timeout=60).raise_for_status()


def main() -> None:
    """Tell the story."""
    began = time.monotonic()
    owners = RUNBOOK.exists()
    scene("The lab starts")
    lab = start_lab()
    try:
        facts = json.loads(READY.read_text())
        noon(facts)
        run("pulumi", "stack", "init", "lab", shown=())
        for step in STORY:
            if step.scene:
                scene(step.scene)
            if isinstance(step.typed, str):
                asyncio.run(shell(facts, step.typed))
            else:
                run(*step.typed, exits=step.exits, shown=step.shown)
    finally:
        lab.terminate()
        lab.wait(10)
        if not owners:
            RUNBOOK.unlink(missing_ok=True)
    print(f"\n{BOLD}Backed up, verified, drilled and restored, after {time.monotonic() - began:.0f} s.{PLAIN}")


if __name__ == "__main__":
    main()
