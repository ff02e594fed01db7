"""Archives that are large enough to be read in pieces."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pverules.archive_name import ArchiveName
from tests.cases.test_integrity import container, machine, zstd
from tests.running_lab import Lab


def large(lab: Lab) -> dict[str, bytes]:
    """A machine's and a container's archive of three megabytes, put on the NAS as the newest of their guests."""
    moment = datetime.fromisoformat(lab.run("date +%Y-%m-%dT%H:%M:%S").strip())
    made = ArchiveName("qemu", 101, moment, "vma.zst").epoch(ZoneInfo("Europe/Vienna"))
    stamp = f"{moment:%Y_%m_%d-%H_%M_%S}"
    found = {
        f"vzdump-qemu-101-{stamp}.vma.zst": zstd(machine(101, made)),
        f"vzdump-lxc-103-{stamp}.tar.zst": zstd(container(103, made)),
    }
    for name, data in found.items():
        (lab.ready.parent / "state/nas/volume1/backups/proxmox_backups/dump" / name).write_bytes(data)
    return found
