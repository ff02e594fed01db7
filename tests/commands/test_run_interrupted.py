"""`homebackup run` as a process that is interrupted or killed: what becomes of the task, and what is told of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.commands.begun_tasks import LIMIT, archives, at, begun, made, tasks
from tests.commands.living_site import DECLARED, DUMP, settle
from tests.commands.stack import PlayedStack
from tests.running_lab import ROOT, Lab


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site, as after a `pulumi up`, at noon."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED
    settle(lab, wait=False)
    at(lab, "12:00")


def project(stack: PlayedStack, lab: Lab) -> dict[str, str]:
    """The environment in which the program itself finds the stack, which a small Pulumi answers for."""
    binaries = stack.folder / "bin"
    binaries.mkdir()
    config = {key: {"value": value} for key, value in stack.stored.items()}
    answer = {f"homebackup:{key}": value for key, value in config.items()}
    answer["home-backup:site"] = {"value": json.dumps(stack.declared), "objectValue": stack.declared}
    (stack.folder / "config.json").write_text(json.dumps(answer))
    program = binaries / "pulumi"
    program.write_text(f'#!/bin/sh\ncase "$*" in *config*) cat {stack.folder}/config.json ;; *) echo lab ;; esac\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


def homebackup(stack: PlayedStack, *words: str) -> list[str]:
    return [sys.executable, "-m", "homebackup.commands", *words, "-C", str(stack.folder)]


@pytest.mark.parametrize(("options", "how"), [([], "stopped"), (["--detach-on-interrupt"], "left")])
def test_ctrl_c(options: list[str], how: str, stack: PlayedStack, lab: Lab) -> None:
    lab.control("/pace", {"factor": 2.0})
    before, ran, environment = archives(lab), len(tasks(lab)), project(stack, lab)
    with subprocess.Popen(
        homebackup(stack, "run", "p0", *options),
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        upid = asyncio.run(begun(lab, ran))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(None, LIMIT)
    assert process.returncode == 130, err
    assert line == f"tier p0: task {upid} has begun\n"
    assert "Traceback" not in err
    newest = tasks(lab)[0]
    assert newest["upid"] == upid
    if how == "stopped":
        assert newest["status"] != "RUNNING"
        assert f"tier p0: {upid} was stopped, 0 of 2 guests backed up; see homebackup status" in out
        assert made(lab, before) == []
        assert [name for name in lab.run(f"ls {DUMP}").split() if name.endswith((".dat", ".tmp"))] == []
    else:
        assert newest["status"] == "RUNNING"
        assert f"it goes on on the node as {upid}; look with homebackup status" in out
        lab.run(f"pvesh delete /nodes/pve/tasks/{upid}")
    receipts = subprocess.run(
        homebackup(stack, "receipts"), env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert "homebackup run on stack" in receipts
    assert "POST /nodes/pve/vzdump" in receipts
    assert f"Afterwards: {'it goes on' if how == 'left' else upid}" in receipts


def test_on_a_terminal_bars_make_room_for_what_is_said(stack: PlayedStack, lab: Lab) -> None:
    lab.control("/pace", {"factor": 0.3})
    ours, its = pty.openpty()
    environment = project(stack, lab) | {"TERM": "xterm"}
    with subprocess.Popen(
        homebackup(stack, "run", "p0"), env=environment, stdin=its, stdout=its, stderr=its
    ) as process:
        os.close(its)
        said = b""
        with contextlib.suppress(OSError):  # that is how a terminal ends
            while piece := os.read(ours, 65536):
                said += piece
        os.close(ours)
    assert process.returncode == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode())
    assert "━" in plain
    for line in ("guest 100 (home-assistant): backed up in ", "tier p0: 2 of 2 guests backed up"):
        assert re.search(f"(?:^|[\r\n]){re.escape(line)}", plain), plain[-2000:]


def test_a_program_that_is_killed_leaves_the_task_and_nothing_else(stack: PlayedStack, lab: Lab) -> None:
    lab.control("/pace", {"factor": 1.0})
    before, ran, environment = archives(lab), len(tasks(lab)), project(stack, lab)
    with subprocess.Popen(homebackup(stack, "run", "p0"), env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    upid = asyncio.run(begun(lab, ran))
    assert subprocess.run(homebackup(stack, "status"), env=environment, check=False).returncode == 0
    deadline = time.monotonic() + LIMIT
    while tasks(lab)[0].get("status") == "RUNNING":
        assert time.monotonic() < deadline
    assert tasks(lab)[0]["status"] == "OK"
    assert tasks(lab)[0]["upid"] == upid
    assert made(lab, before) == [100, 102]
    assert lab.run("ls /run | grep homebackup || true") == ""
    assert [entry.event for entry in stack.journal()] == ["begin", "end"]
    told = subprocess.run(
        homebackup(stack, "status", "--json"), env=environment, capture_output=True, text=True, check=True
    ).stdout
    states = {one["name"]: one["state"] for one in json.loads(told)["verdicts"]}
    assert (states["home-assistant"], states["vaultwarden"]) == ("OK", "OK")
