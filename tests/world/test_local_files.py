"""A file of the owner's repository is replaced whole or not at all, by one process at a time."""

# ruff: noqa: ASYNC240 -- the files are small, and nobody else waits for this loop

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path

import pytest

from homebackup.model.steps import Write
from homebackup.world import local_files
from homebackup.world.errors import Busy, Changed, Refused

FILE = "ops/inventory.yaml"


def edit(before: bytes | None, after: bytes | None) -> Write:
    return Write(FILE, before, after, here=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file's place in a project's folder; its directory is there."""
    (tmp_path / "ops").mkdir()
    return tmp_path / FILE


async def test_made_changed_and_removed(tmp_path: Path, file: Path) -> None:
    assert await local_files.read(file) is None
    await local_files.perform(edit(None, b"one"), tmp_path)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"one", 0o644)
    await local_files.perform(edit(b"one", b"two"), tmp_path)
    assert await local_files.read(file) == b"two"
    await local_files.perform(edit(b"two", None), tmp_path)
    assert list(file.parent.iterdir()) == []


async def test_a_new_file_gets_its_directories(tmp_path: Path) -> None:
    await local_files.perform(Write("a/b/c.yaml", None, b"one", here=True), tmp_path)
    assert (tmp_path / "a/b/c.yaml").read_bytes() == b"one"


async def test_mode_and_link_stay(tmp_path: Path, file: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_bytes(b"one")
    real.chmod(0o640)
    file.symlink_to(real)
    await local_files.perform(edit(b"one", b"two"), tmp_path)
    assert file.is_symlink()
    assert (real.read_bytes(), real.stat().st_mode & 0o777) == (b"two", 0o640)


@pytest.mark.parametrize("now", [b"other", None])
async def test_what_somebody_changed_is_not_overwritten(tmp_path: Path, file: Path, now: bytes | None) -> None:
    if now is not None:
        file.write_bytes(now)
    with pytest.raises(Changed):
        await local_files.perform(edit(b"one", b"two"), tmp_path)
    assert [f.read_bytes() for f in file.parent.iterdir()] == ([] if now is None else [now])


async def test_of_many_at_once_each_sees_the_one_before(tmp_path: Path, file: Path) -> None:
    async def add(n: int) -> None:
        while True:
            before = await local_files.read(file)
            try:
                return await local_files.perform(edit(before, (before or b"") + b"%d," % n), tmp_path)
            except Changed:
                continue

    await asyncio.gather(*(add(n) for n in range(12)))
    assert sorted(file.read_bytes().split(b",")) == sorted([b"", *(b"%d" % n for n in range(12))])
    assert [f.name for f in file.parent.iterdir()] == [file.name]


async def test_what_a_killed_run_left_is_cleared_away(tmp_path: Path, file: Path) -> None:
    (file.parent / f".{file.name}.homebackup.abc123").write_bytes(b"hal")
    await local_files.perform(edit(None, b"whole"), tmp_path)
    assert [f.read_bytes() for f in file.parent.iterdir()] == [b"whole"]


async def test_a_directory_that_another_holds_is_busy(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_files, "PATIENCE", 0.05)
    held = os.open(file.parent, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(Busy):
        await local_files.perform(edit(None, b"one"), tmp_path)
    os.close(held)
    await local_files.perform(edit(None, b"one"), tmp_path)


async def test_a_place_that_takes_no_file_is_refused_in_a_sentence(tmp_path: Path, file: Path) -> None:
    with pytest.raises(Refused, match="its directory is not there"):
        await local_files.perform(Write("nowhere/x.yaml", b"one", b"two", here=True), tmp_path)
    (tmp_path / "word").write_text("")
    with pytest.raises(Refused, match="cannot be read or written"):
        await local_files.perform(Write("word/x.yaml", None, b"one", here=True), tmp_path)
    file.mkdir()
    with pytest.raises(Refused, match="it is no file"):
        await local_files.read(file)
    file.rmdir()
    os.mkfifo(file)
    with pytest.raises(Refused, match="it is no file"):
        await local_files.perform(edit(b"one", b"two"), tmp_path)


async def test_a_full_disk_leaves_the_file_as_it_was(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_bytes(b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Refused, match="No space left on device"):
        await local_files.perform(edit(b"one", b"two"), tmp_path)
    assert [f.read_bytes() for f in file.parent.iterdir()] == [b"one"]
