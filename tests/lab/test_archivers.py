"""The simulated host reads archives as a node's programs do, and says of damage what they say."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.pve import archives, vma
from tests.lab.house import TARGET, House, house

VM, CT = "vzdump-qemu-100-2026_11_08-02_00_00.vma.zst", "vzdump-lxc-105-2026_11_08-02_00_00.tar.zst"
MACHINE = archives.pack_vm(VM, "cores: 2\n", [vma.Drive("drive-scsi0", 1 << 20, bytes(range(256)) * 99)], 0)
CONTAINER, _ = archives.pack_ct(CT, "arch: amd64\n", [archives.Entry("etc/hostname", b"ct\n")], 0)


def put(one: House, name: str, data: bytes) -> None:
    one.root.write(f"{TARGET}/{name}", data)


def rotten(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def really(data: bytes, option: str, folder: Path) -> tuple[int, str]:
    """Exit code and complaint of the program itself."""
    (folder / "a.zst").write_bytes(data)
    ran = subprocess.run(["zstd", option, "a.zst"], cwd=folder, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stderr


@pytest.mark.parametrize(
    ("damage", "test", "listing"),
    [
        (lambda d: d, 0, 0),
        (lambda d: d[:-5], 1, 1),
        (lambda d: b"", 1, 1),
        (lambda d: b"no archive", 1, 1),
        (rotten, 1, 0),
    ],
    ids=["whole", "cut", "empty", "other", "rot"],
)
async def test_zstd_says_what_the_program_says(
    tmp_path: Path, damage: Callable[[bytes], bytes], test: int, listing: int
) -> None:
    data = damage(CONTAINER)
    async with house(tmp_path) as one:
        put(one, "a.zst", data)
        tested = await one.run(f"zstd -tq {TARGET}/a.zst")
        piped = await one.run(f"cat {TARGET}/a.zst | zstd -tq")
        assert (tested.code, piped.code) == (test, test)
        assert (await one.run(f"zstd -lq {TARGET}/a.zst")).code == listing
    if shutil.which("zstd"):
        assert really(data, "-lq", tmp_path)[0] == listing
        assert really(data, "-tq", tmp_path) == (test, tested.err.replace(f"{TARGET}/", ""))


async def test_a_pipe_of_readers(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        put(one, VM, MACHINE)
        put(one, CT, CONTAINER)
        assert (await one.out(f"zstd -dqc {TARGET}/{CT} | tar -tf -")).splitlines()[0] == "./etc/vzdump/pct.conf"
        assert await one.out(f"zstd -dqc {TARGET}/{VM} | vma verify -") == ""
        assert await one.out(f"zstd -dqc {TARGET}/{VM} | vma config -") == "cores: 2"
        assert "devname: drive-scsi0" in await one.out(f"zstd -dqc {TARGET}/{VM} | vma list -")
        short = await one.run(f"zstd -dqc {TARGET}/{VM} | head -c 14000 | vma verify -")
        assert (short.code, "short vma extent" in short.err) == (133, True)
        assert (await one.run(f"zstd -dqc {TARGET}/{CT} | head -c 900 | tar -tf -")).code == 2


async def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        for script in ("zstd -t /no", "gzip -t /no", "tar -tf /no", "vma verify /no", "vma verify", "lzop -t /no"):
            ran = await one.run(script)
            assert ran.code != 0, script
            assert ran.err, script
