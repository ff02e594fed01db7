"""The scripts that read archives, run by this machine's own shell on files that its own programs wrote."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from homebackup.model.backups.reading import SAMPLES, read_samples, whole_script
from homebackup.model.backups.sample import HEAD, TAIL, Sample
from homebackup.model.backups.whole import Whole, read_whole
from homebackup.model.seen import Unseen
from pverules.archive_name import ArchiveName
from tests.cases.test_integrity import CT, PACKED, VM, container, machine

REACHED = "near() { true; }\nvma() { cat > /dev/null; }\n"


def shell(script: str, *words: object) -> str:
    ran = subprocess.run(
        ["sh", "-s", "--", *map(str, words)], input=script, capture_output=True, text=True, check=True, timeout=60
    )
    return ran.stdout


def samples(*files: Path) -> list[Sample | Unseen]:
    output = shell(f'{REACHED}{SAMPLES}samples "$@"', "/mnt", "nas", HEAD, TAIL, 1 << 30, *files)
    return read_samples(output, len(files), "nas")


def whole(file: Path, pieces: int = 4) -> tuple[Whole | Unseen, str]:
    script = whole_script(ArchiveName.parse(file.name)).replace("exec 4>&1", f"{REACHED}exec 4>&1")
    output = shell(script, "/mnt", "nas", file, pieces, 1 << 20, "0.01", 10)
    return read_whole(output, "nas"), output


@pytest.mark.parametrize("ending", [".zst", ".gz", ""])
@pytest.mark.parametrize(("name", "data"), [(VM, machine()), (CT, container())], ids=["vma", "tar"])
def test_both_ends_and_the_whole(ending: str, name: str, data: bytes, tmp_path: Path) -> None:
    packed, file = PACKED[ending](data), tmp_path / (name + ending)
    file.write_bytes(packed)
    Path(f"{file}.notes").write_text("of pve\n")
    (found,) = samples(file)
    assert found == Sample(len(packed), packed[:HEAD], packed[-TAIL:], "of pve", True if ending == ".zst" else None)
    read, output = whole(file)
    assert read == Whole(hashlib.sha256(packed).hexdigest())
    assert output.startswith("at 1\nat 2\nat 3\n")


def test_damage_is_said(tmp_path: Path) -> None:
    packed, file = PACKED[".zst"](container()), tmp_path / f"{CT}.zst"
    middle = len(packed) // 2
    file.write_bytes(packed[:middle] + b"12345678" + packed[middle + 8 :])
    read, _ = whole(file)
    assert isinstance(read, Whole)
    assert (read.sha256, read.said[:22]) == (hashlib.sha256(file.read_bytes()).hexdigest(), "it cannot be unpacked ")
    file.write_bytes(packed[:-9])
    (cut,) = samples(file)
    assert isinstance(cut, Sample)
    assert cut.listed is False
    file.write_bytes(PACKED[".zst"](container()[:-200_000]))
    read, _ = whole(file)
    assert isinstance(read, Whole)
    assert read.said.startswith("what is in it is damaged (")


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    target, link = tmp_path / "secret", tmp_path / f"{CT}.zst"
    target.write_text("secret")
    link.symlink_to(target)
    gone, odd = tmp_path / "gone", tmp_path / "a 'name\"; with $(everything)\n"
    odd.write_bytes(b"abc")
    said = samples(link, gone, odd)
    assert [getattr(found, "said", "") for found in said] == ["it is gone, or is no file"] * 2 + [""]
    assert said[2] == Sample(3, b"abc", b"abc")
    read, _ = whole(tmp_path / CT)
    assert isinstance(read, Unseen)
    assert "No such file" in read.said


def test_nobody_reads_on_when_nobody_listens(tmp_path: Path) -> None:
    file = tmp_path / CT
    file.write_bytes(container())
    script = whole_script(ArchiveName.parse(file.name)).replace("exec 4>&1", f"{REACHED}exec 4>&1")
    with subprocess.Popen(
        ["sh", "-s", "--", "/mnt", "nas", str(file), "1000", "4096", "0.02", "10"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(script.encode())
        running.stdin.close()
        assert running.stdout.readline() == b"at 1\n"
        running.stdout.close()
        assert running.wait(10) != 0
    assert [one.name for one in tmp_path.iterdir()] == [CT]
