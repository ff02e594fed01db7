"""The listing of a dump directory, run by this machine's own sh and find on a directory of hostile names."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from homebackup.model.backups.archive import Dump
from homebackup.model.backups.dump_listing import FUNCTIONS, read_dump
from homebackup.model.backups.facts import Space
from homebackup.model.seen import Unseen

ZONE = ZoneInfo("Europe/Vienna")
NAMES = (b"a\nb", b"it's", b'say "hi"', b"$(touch x)", b"-rf", b" blank ", b"back\\slash", b"\xff\xfe", b"\x1b[31m")
ARCHIVE = "vzdump-qemu-100-2026_11_22-03_00_00.vma.zst"


def listed(folder: Path, mount: str = "") -> Dump | Unseen:
    script = f"{FUNCTIONS}\ndump {shlex.quote(str(folder))} {shlex.quote(mount)}"
    ran = subprocess.run(["sh", "-s"], input=script.encode(), capture_output=True, check=False, timeout=30)
    dump, space = read_dump("nas", str(folder), ran.stdout, ran.stderr.decode(), ZONE)
    assert isinstance(dump, Unseen) or isinstance(space, Space)
    return dump


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "dump"
    place.mkdir()
    (place / ARCHIVE).write_bytes(b"12345")
    return place


def whys(dump: Dump | Unseen) -> dict[str, str]:
    assert isinstance(dump, Dump)
    return {left.name: left.why for left in dump.leftovers}


def test_hostile_names_are_names(folder: Path) -> None:
    for name in NAMES:
        (folder / os.fsdecode(name)).write_bytes(b"x")
    dump = listed(folder)
    assert whys(dump) == {name.decode("utf-8", "backslashreplace"): "name of its own" for name in NAMES}
    assert isinstance(dump, Dump)
    assert dump.complete
    (archive,) = dump.archives
    assert (archive.name, archive.vmid, archive.size, archive.protected) == (ARCHIVE, 100, 5, False)
    assert archive.written is not None
    assert abs(archive.written - (folder / ARCHIVE).stat().st_mtime) < 0.001
    assert not (Path.cwd() / "x").exists()


def test_links_are_never_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "big").write_bytes(b"x" * 1000)
    (folder / "vzdump-qemu-100-2026_11_23-03_00_00.vma.zst").symlink_to(outside / "big")
    (folder / "elsewhere").symlink_to(outside)
    dump = listed(folder)
    assert isinstance(dump, Dump)
    assert [archive.name for archive in dump.archives] == [ARCHIVE]
    assert set(whys(dump).values()) == {"link"}
    assert all(left.size < 1000 for left in dump.leftovers)
    linked = tmp_path / "linked"
    linked.symlink_to(folder)
    refused = listed(linked)
    assert isinstance(refused, Unseen)
    assert "is a link" in refused.said


def test_what_lies_beside_archives(folder: Path) -> None:
    stem = ARCHIVE.removesuffix(".vma.zst")
    for name in (f"{ARCHIVE}.notes", f"{ARCHIVE}.protected", f"{stem}.log"):
        (folder / name).touch()
    other = "vzdump-lxc-103-2026_11_21-03_00_00"
    for name in (f"{other}.log", f"{other}.tar.dat", f"{other}.tar.zst.notes", "notes.txt"):
        (folder / name).write_bytes(b"123")
    (folder / f"{other}.tmp").mkdir()
    dump = listed(folder)
    assert whys(dump) == {
        f"{other}.log": "log without archive",
        f"{other}.tar.dat": "unfinished",
        f"{other}.tar.zst.notes": "notes without archive",
        f"{other}.tmp": "temporary",
        "notes.txt": "name of its own",
    }
    assert isinstance(dump, Dump)
    assert dump.archives[0].protected
    by_name = {left.name: left for left in dump.leftovers}
    assert by_name[f"{other}.tar.dat"].vmid == 103


def test_a_directory_that_is_not_there_is_empty(tmp_path: Path) -> None:
    dump = listed(tmp_path / "none")
    assert isinstance(dump, Dump)
    assert (dump.archives, dump.leftovers) == ((), ())


def test_nothing_is_listed_below_what_is_not_mounted(folder: Path) -> None:
    dump = listed(folder, str(folder.parent))
    assert isinstance(dump, Unseen)
    assert "nothing is mounted" in dump.said


def test_many_files_are_listed_in_one_go(folder: Path) -> None:
    for n in range(10_000):
        (folder / f"vzdump-qemu-{100 + n % 50}-2025_{n % 12 + 1:02}_01-00_{n // 60 % 60:02}_{n % 60:02}.vma").touch()
    dump = listed(folder)
    assert isinstance(dump, Dump)
    assert dump.complete
    assert len(dump.archives) > 1000


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (b"silent 10.0.0.150\0", "the NAS 10.0.0.150 does not answer"),
        (b"space \0end 124\0", "does not answer in time"),
        (b"space \0end 2\0", "cannot be listed"),
    ],
)
def test_why_a_directory_is_not_seen(output: bytes, said: str) -> None:
    dump, _ = read_dump("nas", "/mnt/nas/dump", output, "find: odd", ZONE)
    assert isinstance(dump, Unseen)
    assert said in dump.said


def test_a_listing_that_broke_off_is_none_and_one_from_which_a_file_went_away_is_whole() -> None:
    output = b"\0".join([b"space ", f"1 f 5 1.0 {ARCHIVE}".encode(), b"end 1", b""])
    gone = "find: \u2018/d/x.dat\u2019: No such file or directory"
    for said in (gone, f"{gone} {gone}"):
        dump, _ = read_dump("nas", "/d", output, said, ZONE)
        assert isinstance(dump, Dump)
        assert (dump.complete, len(dump.archives)) == (True, 1)
    broken, _ = read_dump("nas", "/d", output, f"{gone} find: \u2018/d\u2019: Input/output error", ZONE)
    assert isinstance(broken, Unseen)
    assert "Input/output error" in broken.said


def test_a_listing_cut_short_is_not_complete() -> None:
    whole = f"1 f 5 1.0 {ARCHIVE}".encode()
    dump, _ = read_dump("nas", "/d", b"\0".join([b"space ", whole, b"1 f 5 1.0 vzdump-qemu-101-2026_11"]), "", ZONE)
    assert isinstance(dump, Dump)
    assert not dump.complete
    assert [archive.vmid for archive in dump.archives] == [100]
    assert dump.leftovers == ()
    assert not dump.late


def test_a_listing_for_which_time_ran_out_is_told_from_one_that_is_too_long() -> None:
    output = b"\0".join([b"space ", f"1 f 5 1.0 {ARCHIVE}".encode(), b"end 124", b""])
    dump, _ = read_dump("nas", "/d", output, "", ZONE)
    assert isinstance(dump, Dump)
    assert (dump.complete, dump.late) == (False, True)
