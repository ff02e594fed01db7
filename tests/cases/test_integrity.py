"""Damaged, swapped and whole archives, judged from a few bytes of real files that zstd, gzip and tar wrote."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import zstandard

from homebackup.model.backups.archive import Archive
from homebackup.model.backups.container_start import read_container
from homebackup.model.backups.integrity import quick
from homebackup.model.backups.sample import HEAD, SHORT_TAIL, TAIL, Sample
from homebackup.model.backups.soundness import BAD, GOOD, UNKNOWN, Integrity
from homebackup.model.backups.unpacking import MOST, Broken, ends_well, unpack
from homebackup.model.seen import Unseen
from lab.pve import vma
from lab.pve.compression import compress
from pverules.archive_name import ArchiveName

ZONE = ZoneInfo("Europe/Vienna")
VM, CT = "vzdump-qemu-100-2026_11_08-02_00_00.vma", "vzdump-lxc-105-2026_11_08-02_00_00.tar"
MADE = ArchiveName.parse(VM).epoch(ZONE)
NOISE = random.Random(7).randbytes(3 << 20)
MACHINE = """name: home-assistant
scsi0: local-lvm:vm-{}-disk-0,size=8M
net0: virtio=BC:24:11:00:01:00,bridge=vmbr0
#qmdump#map:scsi0:drive-scsi0:local-lvm::
"""
CONTAINER = "hostname: pihole-home\nrootfs: local-lvm:subvol-{}-disk-0,size=8G\n\n[before]\nhostname: old\n"


def machine(of: int = 100, made: int = MADE) -> bytes:
    drives = [vma.Drive("drive-scsi0", 8 << 20, NOISE)]
    return vma.write({"qemu-server.conf": MACHINE.format(of).encode()}, drives, ctime=made)


def container(of: int = 105, made: float = MADE + 0.5, config: str = "./etc/vzdump/pct.conf") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, content in ((config, CONTAINER.format(of).encode()), ("./etc/noise", NOISE)):
            info = tarfile.TarInfo(path)
            info.size, info.mtime = len(content), made
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    """What the program writes for a stream whose length it does not know, as vzdump calls it."""
    if shutil.which("zstd"):
        return subprocess.run(
            ["zstd", "-q", "-c", "--rsyncable", "-T1"], input=data, capture_output=True, check=True
        ).stdout
    stream = zstandard.ZstdCompressor(level=3, write_checksum=True, write_content_size=False).compressobj()
    return stream.compress(data) + stream.flush()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".zst": zstd,
    ".gz": lambda data: compress(data, ".gz"),
    ".lzo": lambda data: compress(data, ".lzo"),
}


def of(name: str, size: int) -> Archive:
    parsed = ArchiveName.parse(name)
    return Archive("nas", name, parsed.kind, parsed.vmid, parsed.epoch(ZONE), size, None, None, False, "/dump")


def looked(name: str, data: bytes, *, tail: int = TAIL, guest: str | None = None) -> Integrity:
    return quick(of(name, len(data)), Sample(len(data), data[:HEAD], data[-tail:]), guest)


@pytest.mark.parametrize("ending", PACKED)
@pytest.mark.parametrize("tail", [TAIL, SHORT_TAIL])
def test_a_whole_archive_is_good_and_says_what_it_holds(ending: str, tail: int) -> None:
    for name, data, inside in ((VM, machine(), "home-assistant"), (CT, container(), "pihole-home")):
        found = looked(name + ending, PACKED[ending](data), tail=tail)
        assert (found.state, found.said) == (GOOD, "")
        if ending == ".lzo":
            assert found.holds is None  # only its beginning is known
        else:
            assert found.holds is not None
            assert (found.holds.name, abs(found.holds.made - MADE) < 2) == (inside, True)
    assert looked(VM, machine()).holds.disks == (("drive-scsi0", 8 << 20),)  # type: ignore[union-attr]


def test_a_quick_check_reads_little_of_a_large_archive() -> None:
    assert HEAD + TAIL < 600_000


@pytest.mark.parametrize("ending", PACKED)
def test_an_empty_file_is_bad(ending: str) -> None:
    for name in (VM, CT):
        assert (looked(name + ending, b"").state, looked(name + ending, b"").said) == (BAD, "it is empty")


@pytest.mark.parametrize("tail", [TAIL, SHORT_TAIL])
@pytest.mark.parametrize("cut", [1, 4, 7, 1000, 131_075, 1_500_000])
def test_a_cut_zstd_file_is_bad(cut: int, tail: int) -> None:
    for name, data in ((VM, machine()), (CT, container())):
        found = looked(f"{name}.zst", zstd(data)[:-cut], tail=tail)
        assert found.state == BAD
        assert found.said.startswith("its end is missing")
        assert found.remedy.startswith("make a new backup of 10")


def test_hardly_any_cut_is_missed() -> None:
    data = zstd(machine())
    anywhere = random.Random(3)
    missed = 0
    for _ in range(40):
        whole = data[: anywhere.randrange(HEAD + TAIL, len(data) - 1)]
        missed += ends_well(whole[:HEAD], whole[-TAIL:], len(whole)) is not False
    assert missed == 0


@pytest.mark.parametrize(("name", "data"), [(VM, machine()), (CT, container())], ids=["vma", "tar"])
def test_a_cut_plain_file_is_bad(name: str, data: bytes) -> None:
    assert looked(name, data[:-100]).state == BAD
    assert looked(name, data[:700]).state == BAD


def test_an_end_that_became_zeros_is_bad() -> None:
    data = zstd(machine())
    assert looked(f"{VM}.zst", data[:-500_000] + bytes(500_000)).state == BAD


@pytest.mark.parametrize("ending", ["", ".zst", ".gz"])
def test_a_flipped_bit_in_the_header_is_bad(ending: str) -> None:
    data = bytearray(machine())
    data[2100] ^= 1
    found = looked(VM + ending, PACKED[ending](bytes(data)))
    assert (found.state, found.said) == (BAD, "its VMA header does not fit its checksum")


def test_rot_in_the_beginning_of_a_compressed_file_is_bad() -> None:
    data = bytearray(zstd(machine()))
    data[:4] = b"\0\0\0\0"
    assert looked(f"{VM}.zst", bytes(data)).said == "it does not begin as a .zst file does"
    data = bytearray(compress(container(), ".gz"))
    data[12] ^= 0xFF
    assert looked(f"{CT}.gz", bytes(data)).state == BAD


@pytest.mark.parametrize("ending", ["", ".zst", ".gz"])
def test_another_guests_archive_is_bad(ending: str) -> None:
    for name, data, said in (
        (VM, machine(102), "it holds a backup of another guest, 102 home-assistant"),
        (CT, container(103), "it holds a backup of another guest, 103 pihole-home"),
        (VM, container(), "it holds no machine: it does not begin as a VMA file does"),
        (CT, machine(), "it holds no container: it is no tar file"),
        (
            CT,
            container(config="./etc/hostname"),
            "it holds no configuration of a container: ./etc/vzdump/pct.conf is not",
        ),
        (VM, machine(made=MADE - 86400), "it holds a backup that was made at 2026-11-07 01:00 UTC"),
        (CT, container(made=MADE + 86400), "it holds a backup that was made at 2026-11-09 01:00 UTC"),
    ):
        found = looked(name + ending, PACKED[ending](data))
        assert (found.state, found.said[: len(said)]) == (BAD, said)


def test_a_guest_without_volumes_is_known_by_its_name() -> None:
    data = vma.write({"qemu-server.conf": b"name: immich\n"}, [], ctime=MADE)
    assert looked(VM, data, guest="immich").state == GOOD
    assert looked(VM, data).state == GOOD
    assert looked(VM, data, guest="home-assistant").said == "it holds a backup of immich, and VM 100 is home-assistant"


def test_a_renamed_guest_is_known_by_its_volumes() -> None:
    assert looked(VM, machine(), guest="homeassistant-new").state == GOOD


def test_what_cannot_be_seen_is_unknown() -> None:
    found = quick(of(VM, 5), Unseen("the NAS does not answer", "switch it on"))
    assert (found.state, found.said, found.remedy) == (UNKNOWN, "the NAS does not answer", "switch it on")
    data = machine()
    growing = quick(of(VM, 5), Sample(len(data), data[:HEAD], data[-TAIL:]))
    assert growing.state == UNKNOWN


def test_a_sample_too_short_to_tell_is_unknown() -> None:
    data = zstd(machine())
    found = quick(of(f"{VM}.zst", len(data)), Sample(len(data), data[:3000], data[-9000:]))
    assert (found.state, found.said) == (UNKNOWN, "the 3000 bytes that were read do not tell what it holds")


def test_what_zstd_said_counts() -> None:
    data = zstd(machine())
    for listed, state in ((True, GOOD), (None, GOOD), (False, BAD)):
        sample = Sample(len(data), data[:HEAD], data[-TAIL:], listed=listed)
        assert quick(of(f"{VM}.zst", len(data)), sample).state == state


def test_a_few_bytes_that_stand_for_gigabytes_are_not_unpacked() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(64 << 20))
    assert len(unpack(bomb, "zst") or b"") <= 2 * MOST
    assert len(unpack(compress(bytes(64 << 20), ".gz"), "gz") or b"") <= MOST


def test_frames_one_after_the_other_are_whole(tmp_path: Path) -> None:
    one, other = zstd(NOISE[:900_000]), zstd(b"x" * 5000)
    data = one + b"\x50\x2a\x4d\x18\x02\0\0\0ab" + other
    for whole in (data, other):
        assert ends_well(whole[:HEAD], whole[-TAIL:], len(whole))
        assert ends_well(whole[:HEAD], whole[:-1][-TAIL:], len(whole) - 1) is False
        assert ends_well(b"", whole, len(whole))
        assert ends_well(b"", whole[:-1], len(whole) - 1) is False


def test_what_gnu_tar_writes_for_a_container_is_read(tmp_path: Path) -> None:
    (tmp_path / "work/etc/vzdump").mkdir(parents=True)
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "work/etc/vzdump/pct.conf").write_text(CONTAINER.format(105))
    (tmp_path / "work/etc/vzdump/pct.fw").write_text("")
    (tmp_path / "root/etc/noise").write_bytes(NOISE)
    told = "--one-file-system -p --sparse --numeric-owner --acls --xattrs --xattrs-include=user.* --directory=work"
    words = [*told.split(), "./etc/vzdump/pct.conf", "./etc/vzdump/pct.fw", "--directory=../root", "./"]
    tar = ["tar", "cf", "-", f"--mtime=@{MADE}", *words]
    data = subprocess.run(tar, cwd=tmp_path, capture_output=True, check=True).stdout
    for ending in ("", ".zst", ".gz"):
        found = looked(CT + ending, PACKED[ending](data))
        assert (found.state, found.holds and found.holds.name) == (GOOD, "pihole-home")


def test_a_tar_file_that_leads_back_to_its_beginning_is_not_followed() -> None:
    entry = tarfile.TarInfo("x")
    entry.type = tarfile.XHDTYPE
    record = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    record[124:136] = b"\xff" + (256**11 - 512).to_bytes(11, "big")
    record[148:156] = b" " * 8
    record[148:156] = b"%06o\0 " % sum(record[:512])
    with pytest.raises(Broken, match="less than no bytes"):
        read_container(bytes(record) + bytes(4096))
