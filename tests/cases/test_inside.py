"""Commands inside of guests: how the host is asked, and what its answers mean."""

from __future__ import annotations

import json

import pytest

from homebackup.model.inside import inside
from homebackup.model.steps import Run, Write
from homebackup.world.errors import Denied, Failed, Missing, Trouble, Unreachable
from homebackup.world.inside import ended
from homebackup.world.session import Ran


def test_a_step_in_a_guest_is_shown_as_the_host_runs_it() -> None:
    words = ("systemctl", "enable", "--now", "homebackup-dump-app.timer")
    assert Run(words, guest="lxc/103").lines() == [f"# pct exec 103 -- {' '.join(words)}"]
    shown = "# qm guest exec 102 --timeout 30 --pass-stdin 1 -- systemctl enable --now homebackup-dump-app.timer"
    assert Run(words, guest="qemu/102").lines() == [shown]
    assert Write("/etc/x", b"a\n", b"b\n", guest="qemu/102").lines() == ["edit /etc/x in guest 102", "  - a", "  + b"]
    assert inside("qemu/102", ["true"], 60.0)[5] == "60"


def test_what_a_command_in_a_guest_came_to() -> None:
    assert ended("lxc/103", Ran(3, b"out", b"err")) == Ran(3, b"out", b"err")
    told = {"exitcode": 3, "exited": 1, "out-data": "out\0", "err-data": "err"}
    assert ended("qemu/102", Ran(0, json.dumps(told).encode(), b"")) == Ran(3, b"out\0", b"err")
    for said in ('{"exited": 1, "out-data": "für"}', '{"exited": 1, "out-data": "f\u00c3\u00bcr"}'):
        assert ended("qemu/102", Ran(0, said.encode(), b"")).text == "für"
    assert ended("qemu/102", Ran(0, b'{"exited": 1, "signal": 9}', b"")).exit == 137


TROUBLES: dict[str, tuple[str, Ran, type[Trouble], str]] = {
    "a container that is off": ("lxc/103", Ran(255, b"", b"container '103' not running!\n"), Unreachable, "start it"),
    "a machine that is off": ("qemu/102", Ran(255, b"", b"VM 102 is not running\n"), Unreachable, "start it"),
    "no such guest": (
        "qemu/999",
        Ran(255, b"", b"Configuration file 'nodes/pve/qemu-server/999.conf' does not exist\n"),
        Missing,
        "there is no such guest",
    ),
    "an agent that is off": ("qemu/102", Ran(255, b"", b"No QEMU guest agent configured\n"), Unreachable, "--agent 1"),
    "an agent that is silent": (
        "qemu/102",
        Ran(255, b"", b"QEMU guest agent is not running\n"),
        Unreachable,
        "install",
    ),
    "an agent that may not": (
        "qemu/102",
        Ran(255, b"", b"Agent error: The command guest-exec has been disabled for this instance\n"),
        Denied,
        "allow guest-exec",
    ),
    "a command without an end": ("qemu/102", Ran(0, b'{"exited": 0, "pid": 3}', b"timed out"), Unreachable, "in time"),
    "too much output": ("qemu/102", Ran(0, b'{"exited": 1, "out-truncated": 1}', b""), Failed, "more than"),
    "no JSON": ("qemu/102", Ran(0, b"whatever", b""), Failed, "answered whatever"),
    "something else": ("qemu/102", Ran(2, b"", b"no space"), Failed, "no space"),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_guest_in_which_nothing_runs_is_a_sentence(name: str) -> None:
    guest, ran, kind, said = TROUBLES[name]
    with pytest.raises(kind) as raised:
        ended(guest, ran)
    assert said in str(raised.value)
    assert str(raised.value).startswith(f"guest {guest[-3:]}: ")
