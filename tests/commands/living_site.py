"""The home site in the lab with its mount, storage and jobs made, as after a `pulumi up`, at the lab's console."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.running_lab import Lab

DECLARED: Any = yaml.safe_load((Path(__file__).parents[2] / "Pulumi.lab.yaml").read_text())["config"][
    "home-backup:site"
]
DUMP = "/mnt/nas-backups/dump"
MOUNT = """
mkdir -p /mnt/nas-backups
echo '10.0.0.150:/volume1/backups/proxmox_backups /mnt/nas-backups nfs soft,timeo=150,retrans=3 0 0' >> /etc/fstab
mount /mnt/nas-backups
mkdir -p /mnt/nas-backups/dump
pvesh create /storage --storage nas-backups --type dir --path /mnt/nas-backups --content backup --is_mountpoint 1
"""
NEXT_NOON = """date -d "$(date -d '+1 day' +%Y-%m-%d) 12:00" +%s"""


def settle(lab: Lab, *, wait: bool = True) -> None:
    """Make what the site declares, and with `wait` let a week pass in which every job runs."""
    lab.run(MOUNT)
    for tier in DECLARED["tiers"].values():
        guests = ",".join(map(str, tier["guests"]))
        lab.run(
            f"pvesh create /cluster/backup --id {tier['job']} --schedule '{tier['schedule']}' --vmid {guests}"
            " --storage nas-backups --compress zstd --tmpdir /var/tmp --notes-template '{{guestname}} of {{node}}'"
            " --prune-backups keep-last=3"
        )
    if wait:
        lab.control("/clock", {"set": float(lab.run(NEXT_NOON))})
        lab.control("/clock", {"advance": 7 * 86400})
    lab.forget()
