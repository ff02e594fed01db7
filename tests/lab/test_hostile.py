"""Whatever a command on the simulated host says, nothing outside the lab's folder is opened, changed or started."""

import asyncio
import os
import sys
import sysconfig
import threading
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab.hostile_scripts import HOSTILE
from tests.lab.house import house

NAMES_ONE = {
    "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.truncate", "os.utime", "os.listdir", "os.scandir",
    "os.chdir", "os.setxattr", "os.removexattr", "shutil.rmtree",
}  # fmt: skip
NAMES_TWO = {"os.rename", "os.link"}
STARTS = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "os.system", "os.spawn", "os.kill",
          "os.killpg", "pty.spawn", "socket.connect", "socket.bind", "ctypes.dlopen"}  # fmt: skip
LAB = str(Path(__file__).parents[2] / "lab")
LIBRARIES = tuple(
    str(Path(p).resolve()) for p in (sys.prefix, sys.base_prefix, sysconfig.get_path("stdlib"), *zoneinfo.TZPATH, LAB)
)
_watch: dict[str, Any] = {"folder": None, "thread": 0, "seen": []}


def _inside(path: object) -> bool:
    if isinstance(path, int):
        return True
    text = Path(os.fsdecode(path)).absolute().parent.resolve()  # type: ignore[arg-type]
    return f"{text}/".startswith(f"{_watch['folder']}/")


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _watch["folder"] is None or threading.get_ident() != _watch["thread"]:
        return
    if event in STARTS:
        _watch["seen"].append((event, str(args)[:200]))
    elif event == "open":
        path, _, flags = args
        library = isinstance(path, str) and path.startswith(LIBRARIES) and not flags & (os.O_WRONLY | os.O_RDWR)
        if not library and not _inside(path):
            _watch["seen"].append((event, str(path)))
    elif event in NAMES_ONE or event in NAMES_TWO:
        paths = args[:2] if event in NAMES_TWO else args[:1]
        library = event in ("os.listdir", "os.scandir") and isinstance(args[0], str) and args[0].startswith(LIBRARIES)
        if not library and not all(_inside(p) for p in paths):
            _watch["seen"].append((event, str(paths)))
    elif event == "os.symlink" and not _inside(args[1]):
        _watch["seen"].append((event, str(args)))


sys.addaudithook(_audit)


@contextmanager
def watched(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """What leaves `folder` in this thread, as (event, what)."""
    _watch.update(folder=os.path.realpath(folder), thread=threading.get_ident(), seen=[])
    try:
        yield _watch["seen"]
    finally:
        _watch["folder"] = None


def tree(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Everything below a folder with its mode, size and modification time."""
    return {str(p): (s.st_mode, s.st_size, s.st_mtime_ns) for p in sorted(folder.rglob("*")) for s in [p.lstat()]}


@pytest.mark.parametrize("name", HOSTILE)
async def test_nothing_outside_the_lab_is_touched(name: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("the real thing\n")
    before = tree(outside)
    script = HOSTILE[name].format(outside=outside, python=sys.executable, pid=os.getpid(), parent=os.getppid())
    async with house(tmp_path / "lab") as one:
        with watched(tmp_path / "lab") as seen:
            bash, plain = await one.run(script), await one.run("sh -s", script.encode())
    assert seen == []
    assert "the real thing" not in bash.out + bash.err + plain.out + plain.err
    assert tree(outside) == before


async def test_the_watch_would_notice(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    with watched(tmp_path / "lab") as seen:
        (tmp_path / "beside").write_text("x")
        (tmp_path / "lab" / "in").write_text("x")
        (tmp_path / "beside").unlink()
        (tmp_path / "link").symlink_to("x")
    assert [event for event, _ in seen] == ["open", "os.remove", "os.symlink"]


async def test_a_missing_secret_is_simply_missing(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    async with house(tmp_path / "lab") as one:
        ran = await one.run(f"cat {tmp_path}/secret")
        assert (ran.code, ran.err) == (1, f"cat: {tmp_path}/secret: No such file or directory\n")
        assert await one.out("cat /etc/shadow") == "root:*:20000:0:99999:7:::"


async def test_interpreters_are_not_found(tmp_path: Path) -> None:
    async with house(tmp_path / "lab") as one:
        ran = await one.run("python3 -c 1")
        assert (ran.code, ran.err) == (127, "bash: line 1: python3: command not found\n")


@pytest.mark.parametrize(
    "bomb",
    [
        "b() { b | b & }; b; wait",
        "f() { f; }; f",
        "while :; do sh -c : & done; wait",
        "printf '#!/bin/sh\n/b & /b\n' > /b; chmod +x /b; /b",
    ],
)
async def test_bombs_are_bounded(bomb: str, tmp_path: Path) -> None:
    async with house(tmp_path / "lab") as one:
        task = asyncio.create_task(one.run(bomb))
        most = 0
        for _ in range(200):
            await asyncio.sleep(0)
            most = max(most, len(one.machine.processes))
        assert most <= 200
        await one.machine.halt()
        await asyncio.wait({task}, timeout=20)
        assert task.done()
        assert await one.out("echo alive") == "alive"


async def test_endless_output_stops_with_its_reader(tmp_path: Path) -> None:
    async with house(tmp_path / "lab") as one:
        assert (
            await one.out("yes | head -n 2; cat /dev/zero | head -c 100000 | wc -c; seq 1000000 | tail -n 1")
            == "y\ny\n100000\n1000000"
        )
        ran = await one.run("x=$(yes); echo ${#x}")
        assert "Cannot allocate memory" in ran.err


async def test_a_lab_never_takes_more_than_its_share_of_the_real_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.node.space.REAL_LIMIT", 3_000_000)
    monkeypatch.setattr("lab.node.space.RECOUNT", 200_000)
    async with house(tmp_path / "lab") as one:
        ran = await one.run("dd if=/dev/zero of=/fill bs=100k")
        assert (ran.code, "No space left on device" in ran.err) == (1, True)
        assert 2_000_000 < one.root.stat("/fill").st_size <= 3_000_000


async def test_deep_nesting_is_refused_not_fatal(tmp_path: Path) -> None:
    async with house(tmp_path / "lab") as one:
        for script in (
            "$(" * 500 + ")" * 500,
            "(" * 500 + ")" * 500,
            "echo " + "${x:-" * 500 + "}" * 500,
            "echo $((" + "(" * 5000,
        ):
            assert (await one.run(script)).code != 0
        assert await one.out("echo alive") == "alive"
