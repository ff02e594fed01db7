"""Storages of the lab beyond what was recorded: the file an operator edits, the NAS, protection, content."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from lab.box import Box
from lab.pve.api import Answer
from lab.pve.call import ROOT, Actor

NAS: dict[str, Any] = {
    "storage": "nas",
    "type": "nfs",
    "server": "10.0.0.150",
    "export": "/volume1/pve",
    "content": "backup",
}
ARCHIVE = "/nodes/pve/storage/local/content/local:backup/vzdump-qemu-100-2026_11_0{}-02_00_00.vma.zst"


async def call(box: Box, method: str, path: str, actor: Actor = ROOT, **params: Any) -> Answer:
    return await box.api.call(actor, method, path, {key.replace("_", "-"): value for key, value in params.items()})


async def test_the_digest_is_that_of_the_file(box: Box) -> None:
    found = await call(box, "GET", "/storage/local")
    assert found.data["digest"] == hashlib.sha1(box.root.read("/etc/pve/storage.cfg")).hexdigest()


async def test_an_operators_edit_is_seen_and_changes_the_digest(box: Box) -> None:
    before = (await call(box, "GET", "/storage/local")).data["digest"]
    text = box.root.text("/etc/pve/storage.cfg")
    text += "dir: usb\n\t# by hand\n\tpath /mnt/usb\n\tcontent backup\n\tdisable\n\n"
    box.root.write("/etc/pve/storage.cfg", text.encode())
    found = (await call(box, "GET", "/storage/usb")).data
    assert (found["path"], found["content"], found["disable"]) == ("/mnt/usb", "backup", 1)
    refused = await box.api.call(ROOT, "PUT", "/storage/local", {"content": "iso", "digest": before})
    assert refused.reason == (
        "update storage failed: detected modified configuration - file changed by other user? Try again."
    )


async def test_a_storage_of_the_nas_is_mounted_when_it_is_used(box: Box) -> None:
    box.nas.exports["/volume1/pve"] = box.nas.folder / "volume1/pve"
    box.nas.clear()
    assert (await call(box, "POST", "/storage", **NAS)).status == 200
    mount = box.root.mounted("/mnt/pve/nas")
    assert mount
    assert (mount.source, mount.fstype) == ("10.0.0.150:/volume1/pve", "nfs4")
    assert (box.nas.folder / "volume1/pve/dump").is_dir()
    box.nas.on = False
    status = (await call(box, "GET", "/nodes/pve/storage/nas/status")).data
    assert (status["enabled"], status["active"], status["total"]) == (1, 0, 0)
    refused = await call(box, "GET", "/nodes/pve/storage/nas/content")
    assert (refused.status, refused.reason) == (500, "storage 'nas' is not online")


async def test_an_export_the_nas_does_not_have_cannot_be_mounted(box: Box) -> None:
    refused = await call(box, "POST", "/storage", **NAS | {"export": "/volume9/none"})
    assert refused.reason == (
        "create storage failed: mount error: mount.nfs: access denied by server while mounting 10.0.0.150:/volume9/none"
    )
    assert (await call(box, "GET", "/storage/nas")).status == 500


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        ({"content-dirs": "backup=here"}, 200, "OK"),
        ({"content-dirs": "backup=../up"}, 400, "Parameter verification failed."),
        ({"path": "/"}, 400, "Parameter verification failed."),
        ({"max-protected-backups": "-2"}, 400, "Parameter verification failed."),
        ({"format": "subvol"}, 200, "OK"),
        ({"content": "none"}, 200, "OK"),
        ({"options": "vers=4"}, 500, "unexpected property 'options'"),
    ],
)
async def test_a_directory_storage_takes_what_its_schema_says(
    box: Box, sent: dict[str, str], status: int, reason: str
) -> None:
    answer = await box.api.call(
        ROOT, "POST", "/storage", {"storage": "bk", "type": "dir", "path": "/mnt/bk", "content": "backup", **sent}
    )
    assert (answer.status, answer.reason) == (status, reason)


async def test_content_may_lie_in_a_directory_of_ones_own(box: Box) -> None:
    sent = {"storage": "bk", "type": "dir", "path": "/mnt/bk", "content": "backup", "content-dirs": "backup=here"}
    assert (await box.api.call(ROOT, "POST", "/storage", sent)).status == 200
    assert box.root.isdir("/mnt/bk/here")
    assert (await call(box, "GET", "/storage/bk")).data["content-dirs"] == {"backup": "here"}


async def test_protected_archives_of_a_guest_are_limited(box: Box) -> None:
    await call(box, "PUT", "/storage/local", max_protected_backups="2")
    assert (await call(box, "PUT", ARCHIVE.format(5), protected="1")).status == 200
    refused = await call(box, "PUT", ARCHIVE.format(6), protected="1")
    assert refused.reason == "The number of protected backups per guest is limited to 2 on storage 'local'"
    assert (await call(box, "PUT", ARCHIVE.format(5), protected="0")).status == 200
    assert (await call(box, "PUT", ARCHIVE.format(6), protected="1")).status == 200


async def test_a_user_without_allocate_protects_five_at_most(box: Box) -> None:
    limited = Actor("limited@pve")
    for day in range(10, 14):
        box.root.write(f"/var/lib/vz/dump/vzdump-qemu-100-2026_11_{day}-02_00_00.vma.zst", b"")
    for day in (5, 6, 7, 8):
        assert (await call(box, "PUT", ARCHIVE.format(day), limited, protected="1")).status == 200
    refused = await call(box, "PUT", ARCHIVE.format(5).replace("11_05", "11_10"), limited, protected="1")
    assert refused.reason == "The number of protected backups per guest is limited to 5 on storage 'local'"


async def test_notes_and_log_go_with_their_archive(box: Box) -> None:
    name = "/var/lib/vz/dump/vzdump-qemu-100-2026_11_05-02_00_00"
    assert box.root.exists(f"{name}.log")
    assert box.root.exists(f"{name}.vma.zst.notes")
    assert (await call(box, "DELETE", ARCHIVE.format(5), delay="5")).data is None
    assert [box.root.exists(f"{name}{end}") for end in (".vma.zst", ".vma.zst.notes", ".log")] == [False] * 3
