"""How to come from archives back to guests and apps, as far as the declaration alone tells it."""

import shlex
from collections.abc import Sequence

from homebackup.model.mounts import nfs_source
from homebackup.model.site import App, Site

APART = 9000
"""What is added to a VMID for the guest that is restored beside the old one."""
USUAL = "local-lvm"
"""Proxmox VE's own storage for disks, where nobody could look which there are."""
KINDS = {"qemu": ("VM", "qm", "images"), "lxc": ("CT", "pct", "rootdir")}
"""What people call a kind of guest, the program that handles it, and what a storage has to take."""
APPS = {
    "home-assistant": "Newly installed, its first page offers to restore a backup: upload the file and type its "
    "encryption key, which is in the emergency kit and in no backup. Otherwise: Settings, System, Backups.",
    "vaultwarden": "Stop it, put database, attachments, keys and config.json back into its data folder, delete a "
    "db.sqlite3-wal that was left there, and start it.",
    "immich": "Restore the database dump first, under Administration, Maintenance or with psql into an empty database; "
    "then put library, upload and profile back.",
}
"""What to do with the files of well-known apps."""
OTHERS = "Restore its guest first, then give the app its newest file as its own instructions say."
_UNPACKED = {
    "vaultwarden": " | tar -xz -C FOLDER",
    "postgres": " | gunzip | psql --username=postgres postgres",
    "command": " | gunzip",
}
_AT_BOOT = frozenset({"defaults", "auto", "noauto", "nofail", "_netdev", "bg"})


def giving_back(name: str, app: App) -> str:
    """What to do with the files of an app; those of its own dump are opened first."""
    how = APPS.get(name, OTHERS)
    if app.dump is None:
        return how
    unpacked = _UNPACKED[app.dump.recipe]
    if app.dump.recipient:
        return f"age -d -i KEY FILE{unpacked} opens a dump, KEY being a file with the secret key. {how}"
    return f"cat FILE{unpacked} opens a dump. {how}"


def reaching(site: Site) -> Sequence[str]:
    """The commands that make the archives readable on a node that knows nothing of the NAS yet."""
    target, source = shlex.quote(site.mount.target), nfs_source(site.nas.address, site.mount.export)
    chosen = [o for o in site.mount.options if not o.startswith(("x-", "X-")) and o not in _AT_BOOT]
    options = ["-o", ",".join(chosen)] if chosen else []
    mount = shlex.join(["mount", "-t", "nfs", *options, source, site.mount.target])
    return f"mkdir -p {target}", f"mountpoint -q {target} || {mount}", f"ls {shlex.quote(site.archive_folder)}"


def words(
    kind: str, file: str, vmid: int, *, storage: str = "", unique: bool = True, force: bool = False
) -> tuple[str, ...]:
    """The words of the command that makes a guest of an archive; `file` stands in it as it is, the rest is quoted.

    A `unique` guest has new network addresses; `force` lets it take the place of the one that has the VMID.
    """
    what = ["qmrestore", file, str(vmid)] if kind == "qemu" else ["pct", "restore", str(vmid), file]
    where = ["--storage", shlex.quote(storage)] if storage else []
    return (*what, *where, *(["--force"] if force else []), *(["--unique"] if unique else []))
