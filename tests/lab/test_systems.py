"""The systems inside of the lab's guests: reached by pct and the guest agent, each with files and units of its own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab.box import Box

SERVICE = "[Service]\\nType=oneshot\\nExecStart=/bin/sh -c 'echo ran >> /root/ran'\\n"
TIMER = "[Timer]\\nOnCalendar=*:0/5\\n\\n[Install]\\nWantedBy=timers.target\\n"


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Box]:
    box = Box(tmp_path, fixture="home")
    await box.start()
    yield box
    await box.stop()


async def ran(box: Box, script: str, stdin: bytes = b"") -> tuple[int, str, str]:
    code, out, err = await box.machine.shell(script, stdin=stdin)
    return code, out.decode(), err.decode()


async def later(box: Box) -> None:
    box.clock.set(box.clock.now() + 301)
    await box.clock.settled()


async def test_files_of_a_guest_are_its_own(home: Box) -> None:
    assert await ran(home, "pct exec 103 -- sh -c 'cat > /root/note; exit 3'", b"mine") == (3, "", "")
    assert await ran(home, "pct exec 103 -- cat /root/note") == (0, "mine", "")
    assert (await ran(home, "pct exec 105 -- cat /root/note"))[0] == 1
    assert (await ran(home, "cat /root/note"))[0] == 1
    assert await ran(home, "pct exec 103 -- hostname") == (0, "download-home\n", "")
    assert (await ran(home, "pct exec 103 -- pvesh get /version"))[0] == 127
    assert await ran(home, "pct stop 103 && pct start 103 && pct exec 103 -- cat /root/note") == (0, "mine", "")
    await home.reset()
    assert (await ran(home, "pct exec 103 -- cat /root/note"))[0] == 1


async def test_the_agent_of_a_machine_tells_in_json(home: Box) -> None:
    assert await ran(home, "qm guest exec 102 -- true") == (255, "", "No QEMU guest agent configured\n")
    assert await ran(home, "qm guest exec 101 -- true") == (255, "", "VM 101 is not running\n")
    await ran(home, "qm set 102 --agent 1")
    code, out, _ = await ran(home, "qm guest exec 102 --pass-stdin 1 -- sh -c 'cat; echo no >&2; exit 4'", b"in")
    assert code == 0
    assert json.loads(out) == {"exitcode": 4, "exited": 1, "out-data": "in", "err-data": "no\n"}
    code, out, _ = await ran(home, "qm guest exec 102 -- cat", b"not passed")
    assert json.loads(out) == {"exitcode": 0, "exited": 1}


async def test_units_of_a_guest_run_by_the_clock_while_it_runs(home: Box) -> None:
    units = "/etc/systemd/system/own"
    await ran(home, f'pct exec 103 -- sh -c "printf \\"{SERVICE}\\" > {units}.service"')
    await ran(home, f'pct exec 103 -- sh -c "printf \\"{TIMER}\\" > {units}.timer"')
    code, _, err = await ran(home, "pct exec 103 -- systemctl enable --now own.timer")
    assert code == 0, err
    assert await ran(home, "pct exec 103 -- systemctl is-active own.timer") == (0, "active\n", "")
    assert (await ran(home, "systemctl is-active own.timer"))[0] != 0
    await later(home)
    assert await ran(home, "pct exec 103 -- cat /root/ran") == (0, "ran\n", "")
    await ran(home, "pct stop 103")
    await later(home)
    await ran(home, "pct start 103")
    assert await ran(home, "pct exec 103 -- cat /root/ran") == (0, "ran\n", "")
