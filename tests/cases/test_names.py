"""The names Proxmox VE gives things: archives, tasks, guests, storages, jobs, nodes."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pverules import formats
from pverules.archive_name import ArchiveName, InvalidArchiveName, listed
from pverules.upid import InvalidUpid, Upid

VIENNA = ZoneInfo("Europe/Vienna")
NAME = "vzdump-lxc-103-2026_11_08-02_10_00.tar.zst"


@pytest.mark.parametrize("text", [NAME, f"nas:backup/{NAME}", f"/mnt/nas/dump/{NAME}"])
def test_an_archive_name_tells_guest_time_and_format(text: str) -> None:
    name = ArchiveName.parse(text)
    assert (name.kind, name.vmid, name.format, name.compression) == ("lxc", 103, "tar.zst", "zst")
    assert name.time == datetime.fromisoformat("2026-11-08T02:10:00")
    assert name.epoch(VIENNA) == 1794100200
    assert str(name) == NAME


def test_what_lies_beside_an_archive() -> None:
    name = ArchiveName.parse(NAME)
    assert name.notes == f"{NAME}.notes"
    assert name.protected == f"{NAME}.protected"
    assert name.unfinished == "vzdump-lxc-103-2026_11_08-02_10_00.tar.dat"
    assert name.temporary == "vzdump-lxc-103-2026_11_08-02_10_00.tmp"
    assert name.log == "vzdump-lxc-103-2026_11_08-02_10_00.log"


@pytest.mark.parametrize(
    "text",
    [
        "vzdump-lxc-99-2026_11_08-02_10_00.tar",
        "vzdump-lxc-0100-2026_11_08-02_10_00.tar",
        "vzdump-qemu-100-2026_02_30-02_10_00.vma",
        "vzdump-qemu-100-2026_02_28-24_00_00.vma",
        "vzdump-qemu-100-2026_02_28-23_59_60.vma",
        "vzdump-QEMU-100-2026_02_28-02_10_00.vma",
        "vzdump-qemu-100-2026_02_28-02_10_00.vma.dat",
        f"{NAME}.notes",
        "notes.txt",
        "",
    ],
)
def test_other_names_are_no_archive_names(text: str) -> None:
    with pytest.raises(InvalidArchiveName):
        ArchiveName.parse(text)


def test_a_list_leaves_out_what_is_no_archive() -> None:
    assert listed(f"{NAME}.notes") is None
    assert listed("vzdump-lxc-103-2026_11_08-02_10_00.log") is None
    copy = listed("vzdump-qemu-100-copy.vma.zst")
    assert copy is not None
    assert (copy.subtype, copy.vmid, copy.format, copy.archive) == ("qemu", 100, "vma.zst", None)


@given(st.sampled_from(["qemu", "lxc"]), st.integers(100, 999_999_999), st.integers(0, 4_000_000_000))
def test_any_archive_name_is_read_back(kind: str, vmid: int, epoch: int) -> None:
    name = ArchiveName.at(kind, vmid, epoch, ZoneInfo("UTC"), "vma.zst")
    assert ArchiveName.parse(str(name)) == name
    assert name.epoch(ZoneInfo("UTC")) == epoch


def test_a_upid_is_read_and_written() -> None:
    text = "UPID:pve:0000A1B2:0012D687:6A2F3C10:vzdump:103:root@pam!iac:"
    upid = Upid.parse(text)
    assert (upid.node, upid.pid, upid.type, upid.id) == ("pve", 0xA1B2, "vzdump", "103")
    assert (upid.owner, upid.token, upid.start) == ("root@pam", "iac", 0x6A2F3C10)
    assert str(upid) == text
    assert Upid.parse(text.replace(":103:", "::")).id == ""


@pytest.mark.parametrize("text", ["UPID:x", "UPID:pve:1:2:3:a:b:c:", "", "UPID:pve:0000A1B2:0012D687:6A2F3C10: :c:d:"])
def test_a_broken_upid_is_refused_in_proxmox_words(text: str) -> None:
    with pytest.raises(InvalidUpid, match="unable to parse worker upid"):
        Upid.parse(text)


@pytest.mark.parametrize(
    ("format_name", "good", "bad", "words"),
    [
        ("pve-storage-id", ["ds920-daily", "AB", "a.b_c1"], ["b", "1bk", "x-", "a b"], "contains illegal characters"),
        ("pve-configid", ["j1", "backup-1a", "A_-"], ["a", "9x", "a.b"], "invalid configuration ID"),
        ("pve-node", ["pve", "p", "node-1"], ["-pve", "a.b", "pve-"], "does not look like a valid node name"),
        ("pve-vmid", ["100", "999999999"], ["99", "1000000000"], "does not look like a valid VM ID"),
        ("pve-vmid-list", ["100 101", ""], ["100,99"], "does not look like a valid VM ID"),
    ],
)
def test_a_format_fits_or_complains_in_proxmox_words(
    format_name: str, good: list[str], bad: list[str], words: str
) -> None:
    assert [formats.complaint(format_name, text) for text in good] == [None] * len(good)
    assert all(words in (formats.complaint(format_name, text) or "") for text in bad)


def test_control_characters_are_seen() -> None:
    assert formats.has_control_character("a\nb")
    assert not formats.has_control_character("näh, nichts")
    assert not formats.is_storage_id("local\n")
    assert formats.is_storage_path("/mnt/nas-1/x_y@z")
    assert not formats.is_storage_path("mnt/nas")
