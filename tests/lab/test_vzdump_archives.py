"""Archives of backups are what zstd, gzip, tar and the VMA format say they are, and damage in them is found."""

import shutil
import subprocess
from pathlib import Path

import pytest

from lab.pve import archives, vma
from lab.pve.archives import Entry
from lab.pve.compression import Damaged, compress, decompress

CONFIG = "boot: order=scsi0\ncores: 2\nscsi0: vmdata:100/vm-100-disk-0.raw,size=8M\n"
DRIVES = [
    vma.Drive("drive-scsi0", 8 << 20, bytes(4096) + b"boot" * 40000),
    vma.Drive("drive-efidisk0", 540672, b"efi"),
]
FILES = [
    Entry("etc", kind="dir", mode=0o755, mtime=5.5),
    Entry("etc/hostname", b"ct-b\n", mtime=7.25),
    Entry("lnk", b"etc/hostname", kind="link"),
]
EXTENSIONS = ["", ".gz", ".zst", ".lzo"]
TOOLS = {".zst": ["zstd", "-t", "-q"], ".gz": ["gzip", "-t"], ".lzo": ["lzop", "-t"]}


def accepted_by_tool(path: Path, command: list[str]) -> bool:
    """What the Debian tool says of the file; without the tool installed, our own reader says it."""
    if shutil.which(command[0]):
        return subprocess.run([*command, str(path)], capture_output=True, check=False).returncode == 0
    return not decompress(path.read_bytes(), path.suffix)[1]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_vm_archive_gives_back_what_went_in(extension: str) -> None:
    name = f"vzdump-qemu-100-2026_11_08-02_00_00.vma{extension}"
    data = archives.pack_vm(name, CONFIG, DRIVES, 1794103200)
    read = archives.unpack_vm(name, data)
    assert read.config == CONFIG == archives.config_of_vm(name, data)
    assert [(d.name, d.size, d.content.rstrip(b"\0")) for d in read.drives] == [
        (d.name, d.size, d.content.rstrip(b"\0")) for d in DRIVES
    ]


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_container_archive_gives_back_what_went_in(extension: str) -> None:
    name = f"vzdump-lxc-105-2026_11_08-02_00_00.tar{extension}"
    data, size = archives.pack_ct(name, "arch: amd64\n", FILES, 1794103200.5)
    read = archives.unpack_ct(name, data)
    assert (read.config, read.size) == ("arch: amd64\n", size)
    assert [(e.path, e.content, e.kind) for e in read.files] == [
        (".", b"", "dir"),
        ("./etc", b"", "dir"),
        ("./etc/hostname", b"ct-b\n", "file"),
        ("./lnk", b"etc/hostname", "link"),
    ]
    assert size % 10240 == 0


@pytest.mark.parametrize("extension", [".gz", ".zst", ".lzo"])
def test_the_tools_of_the_node_accept_the_files_and_refuse_cut_ones(extension: str, tmp_path: Path) -> None:
    whole, cut = tmp_path / f"whole{extension}", tmp_path / f"cut{extension}"
    whole.write_bytes(archives.pack_vm(whole.name, CONFIG, DRIVES, 1794103200))
    cut.write_bytes(whole.read_bytes()[:-7])
    assert accepted_by_tool(whole, TOOLS[extension])
    assert not accepted_by_tool(cut, TOOLS[extension])


def test_tar_lists_the_configuration_first(tmp_path: Path) -> None:
    path = tmp_path / "x.tar.gz"
    data, _ = archives.pack_ct(path.name, "arch: amd64\n", FILES, 1794103200.5)
    path.write_bytes(data)
    listed = subprocess.run(["tar", "-tzf", str(path)], capture_output=True, text=True, check=True).stdout
    assert listed.splitlines() == [
        "./etc/vzdump/pct.conf",
        "./etc/vzdump/pct.fw",
        "./",
        "./etc/",
        "./etc/hostname",
        "./lnk",
    ]


def test_the_vma_header_lies_where_the_format_says() -> None:
    data = vma.write({"qemu-server.conf": CONFIG.encode()}, DRIVES, ctime=1794103200, uuid=bytes(range(16)))
    assert data[:8] == b"VMA\0\0\0\0\1"
    assert data[8:24] == bytes(range(16))
    assert int.from_bytes(data[24:32]) == 1794103200
    assert int.from_bytes(data[48:52]) == 12288
    header = vma.read_header(data)
    assert {n: (d.name, d.size) for n, d in header.devices.items()} == {
        1: ("drive-scsi0", 8 << 20),
        2: ("drive-efidisk0", 540672),
    }
    assert data[header.size : header.size + 4] == b"VMAE"


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        (100, "vma: can't read header"),
        (12300, "vma: short vma header"),
        (-1, "vma: restore failed - short vma extent"),
    ],
)
def test_a_cut_vma_is_said_as_vma_says_it(cut: int, said: str) -> None:
    data = vma.write({"qemu-server.conf": CONFIG.encode()}, DRIVES, ctime=0)
    with pytest.raises(vma.VmaError, match=said):
        vma.read(data[:cut])


@pytest.mark.parametrize("at", [40, 2050, 5000, 12500, 13500])
def test_a_flipped_byte_in_header_or_extent_header_is_found(at: int) -> None:
    data = bytearray(vma.write({"qemu-server.conf": CONFIG.encode()}, DRIVES, ctime=0))
    at = vma.read_header(bytes(data)).size + 30 if at == 13500 else at
    data[at] ^= 0xFF
    with pytest.raises(vma.VmaError):
        vma.read(bytes(data))


@pytest.mark.parametrize(
    ("name", "damage", "lines"),
    [
        (
            "x.tar.zst",
            lambda d: b"no archive at all" * 60,
            [
                "zstd: /*stdin*\\: unsupported format ",
                "tar: Child returned status 1",
                "tar: Error is not recoverable: exiting now",
            ],
        ),
        (
            "x.tar.gz",
            lambda d: b"no archive at all" * 60,
            [
                "",
                "gzip: stdin: not in gzip format",
                "tar: Child returned status 1",
                "tar: Error is not recoverable: exiting now",
            ],
        ),
        (
            "x.tar.zst",
            lambda d: d[:-20],
            [
                "/*stdin*\\ : Read error (39) : premature end ",
                "tar: Child returned status 1",
                "tar: Error is not recoverable: exiting now",
            ],
        ),
        (
            "x.tar.gz",
            lambda d: d[:-20],
            [
                "",
                "gzip: stdin: unexpected end of file",
                "tar: Unexpected EOF in archive",
                "tar: Error is not recoverable: exiting now",
            ],
        ),
        ("x.tar", lambda d: d[:3000], ["tar: Unexpected EOF in archive", "tar: Error is not recoverable: exiting now"]),
        (
            "x.tar.zst",
            lambda d: b"",
            [
                "zstd: /*stdin*\\: unexpected end of file ",
                "tar: Child returned status 1",
                "tar: Error is not recoverable: exiting now",
            ],
        ),
    ],
    ids=["no zstd", "no gzip", "zstd cut", "gzip cut", "tar cut", "empty"],
)
def test_damage_is_reported_in_the_words_of_the_tools(name: str, damage, lines: list[str]) -> None:  # type: ignore[no-untyped-def]
    data, _ = archives.pack_ct(name, "arch: amd64\n", FILES, 1794103200.5)
    with pytest.raises(Damaged) as caught:
        archives.unpack_ct(name, damage(data))
    assert caught.value.lines == lines


def test_bit_rot_in_the_body_is_found_by_the_checksum() -> None:
    data = bytearray(
        archives.pack_vm(
            "x.vma.zst", CONFIG, [vma.Drive("drive-scsi0", 1 << 20, compress(bytes(range(256)) * 99, ".gz"))], 0
        )
    )
    data[-1] ^= 0xFF
    with pytest.raises(Damaged) as caught:
        archives.unpack_vm("x.vma.zst", bytes(data))
    assert "Restored data doesn't match checksum" in caught.value.lines[0]
