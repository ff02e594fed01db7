"""The journal on a real disk: nothing is lost, nothing is torn, no secret is kept."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homebackup.model.steps import Call, Plan, Run
from homebackup.world import journal as journals
from homebackup.world.errors import Failed, Refused, Unreachable
from homebackup.world.journal import Journal, Record, entries, place
from homebackup.world.processes import lives

STEP = Run(("true",))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "journal.jsonl"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def record(file: Path, told: list[str]) -> Record:
    return Journal(file, "pulumi", ["hunter2", "hunter2-longer"]).of("home", "storage nas", told.append)


def events(file: Path) -> list[tuple[str, str]]:
    read, torn = entries(file)
    assert torn == 0
    return [(entry.event, entry.outcome) for entry in read]


def content(file: Path) -> bytes:
    return file.read_bytes()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_step_is_on_the_disk_before_it_is_done_and_after(file: Path, record: Record) -> None:
    await record.plan(Plan((STEP,)))
    async with record.step(STEP):
        assert events(file) == [("plan", ""), ("begin", "")]
    assert events(file) == [("plan", ""), ("begin", ""), ("end", "done")]
    (plan, begin, _), _ = entries(file)
    assert (plan.steps, begin.step, begin.process) == (("# true",), "# true", os.getpid())
    assert mode(file) == 0o600
    assert mode(file.parent) == 0o700


async def test_both_writes_are_synced(file: Path, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda opened: (synced.append(os.fstat(opened).st_size), sync(opened))[1])
    async with record.step(STEP):
        assert synced[-1] == len(content(file))
    assert synced[-1] == len(content(file))
    assert len(synced) == 3  # the new file's folder too


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Failed("host pve", "no", "look"), "failed"),
        (Unreachable("host pve", "gone", "look", maybe_done=True), "unknown"),
        (Unreachable("host pve", "gone", "look"), "failed"),
    ],
)
async def test_a_failure_is_kept_and_goes_on(
    file: Path, record: Record, error: Failed | Unreachable, outcome: str
) -> None:
    with pytest.raises(type(error)):
        async with record.step(STEP):
            raise error
    assert events(file) == [("begin", ""), ("end", outcome)]
    assert entries(file)[0][1].said == str(error)


async def test_a_step_that_is_cut_off_has_no_end(file: Path, record: Record) -> None:
    with pytest.raises(asyncio.CancelledError):
        async with record.step(STEP):
            raise asyncio.CancelledError
    assert events(file) == [("begin", "")]


async def test_no_secret_is_written(file: Path, record: Record) -> None:
    call = Call("POST", "/x", {"password": "s3cret", "comment": "hunter2-longer"}, frozenset({"password"}))
    await record.plan(Plan((call,)))
    with pytest.raises(Failed):
        async with record.step(call):
            raise Failed("x", "s3cret is wrong, so is hunter2", "retry with s3cret")
    await record.verdict("hunter2")
    text = content(file).decode()
    assert "s3cret" not in text
    assert "hunter2" not in text
    assert "longer" not in text


async def test_without_a_journal_no_step_is_done(tmp_path: Path, told: list[str]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    record = Journal(blocked / "journal.jsonl", "pulumi").of("home", "storage nas", told.append)
    done = False
    with pytest.raises(Refused, match=r"cannot be written .*; make room") as refused:
        async with record.step(STEP):
            done = True
    assert not done
    assert "nothing is changed that it would not tell of" in refused.value.said


async def test_a_full_disk_refuses_the_step(told: list[str]) -> None:
    record = Journal(Path("/dev/full"), "pulumi").of("home", "storage nas", told.append)
    with pytest.raises(Refused, match="No space left on device"):
        await record.plan(Plan((STEP,)))


async def test_what_was_begun_is_taken_back_all_the_same(tmp_path: Path, told: list[str]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    record = Journal(blocked / "journal.jsonl", "pulumi").of("home", "storage nas", told.append)
    done = False
    async with record.step(STEP, undo=True):
        done = True
    assert done
    assert len(told) == 2


async def test_half_a_line_is_cut_off_again(file: Path, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    await record.plan(Plan((STEP,)))
    before = content(file)
    write = os.write
    monkeypatch.setattr(os, "write", lambda opened, data: write(opened, data[: len(data) // 2]))
    with pytest.raises(Refused, match="the disk is full"):
        await record.plan(Plan((STEP,)))
    assert content(file) == before


async def test_a_line_that_a_power_cut_tore_harms_no_other(file: Path, record: Record) -> None:
    await record.plan(Plan((STEP,)))
    with file.open("ab") as torn:
        torn.write(b'{"time": "2026-')
    async with record.step(STEP):
        pass
    read, unreadable = entries(file)
    assert [entry.event for entry in read] == ["plan", "begin", "end"]
    assert unreadable == 1


async def test_a_writer_that_never_lets_go_is_given_up(
    file: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    await record.plan(Plan((STEP,)))
    monkeypatch.setattr(journals, "PATIENCE", 0.05)
    with file.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="another process holds it"):
            await record.plan(Plan((STEP,)))


WRITER = """
import asyncio, sys
from pathlib import Path
from homebackup.model.steps import Run
from homebackup.world.journal import Journal

async def main():
    record = Journal(Path(sys.argv[1]), "pulumi").of("home", "storage nas", print)
    async def step(n):
        async with record.step(Run(("echo", str(n) * 3000))):
            pass
    await asyncio.gather(*(step(n) for n in range(10)))

asyncio.run(main())
"""


def test_many_processes_write_whole_lines(file: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(file)]) for _ in range(4)]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    read, torn = entries(file)
    assert torn == 0
    ended = {(entry.run, entry.number) for entry in read if entry.outcome == "done"}
    assert len(ended) == 40
    assert all(json.loads(line) for line in file.read_text().splitlines())


def test_the_environment_names_another_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HOMEBACKUP_JOURNAL", raising=False)
    assert place(tmp_path) == tmp_path / ".homebackup" / "journal.jsonl"
    monkeypatch.setenv("HOMEBACKUP_JOURNAL", "~/kept.jsonl")
    assert place(tmp_path) == Path.home() / "kept.jsonl"


def test_no_journal_is_an_empty_one(file: Path) -> None:
    assert entries(file) == ([], 0)


def test_a_process_is_known_by_its_number_and_its_start() -> None:
    now = datetime.now(UTC)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert lives(child.pid, now)
    assert not lives(child.pid, now - timedelta(hours=1))  # the number was another process's then
    child.communicate(b"\n")
    assert not lives(child.pid, now)
    assert not lives(2**40, now)


def test_where_there_is_no_ps_a_process_counts_as_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lives(os.getpid(), datetime.now(UTC))
    assert not lives(2**31 - 1, datetime.now(UTC))
