"""One look at the host, read back from what its script prints."""

from __future__ import annotations

import subprocess
from base64 import b64encode

import pytest

from homebackup.model.host_facts import PROBE, HostFacts, read_look
from homebackup.model.mounts import Mount

MOUNTINFO = "1 2 0:3 / /mnt/nas rw - nfs4 10.0.0.150:/v rw,soft\n"
SILENT = b"""\
2026-11-20T21:14:00+0100 pve kernel: nfs: server 10.0.0.150 not responding, timed out
2026-11-20T21:20:31+0100 pve kernel: nfs: server 10.0.0.150 OK
2026-11-22T03:00:04+0100 pve kernel: nfs: server 10.0.0.150 not responding, timed out
2026-11-22T03:01:06+0100 pve kernel: nfs: server 10.0.0.150 not responding, timed out
"""


def look(*rows: str) -> str:
    return "".join(f"{row}\n" for row in [*rows, "end of look"])


def file(path: str, content: bytes) -> str:
    return f"file {path} {b64encode(content).decode()}"


LOOKS = {
    "nothing": (look(), HostFacts()),
    "an empty fstab": (look(file("/etc/fstab", b"")), HostFacts(files={"/etc/fstab": b""})),
    "any bytes": (look(file("/etc/fstab", b"\xff\x00\r\n")), HostFacts(files={"/etc/fstab": b"\xff\x00\r\n"})),
    "what is mounted": (
        look(file("/proc/self/mountinfo", MOUNTINFO.encode())),
        HostFacts(mounts=(Mount("/mnt/nas", "10.0.0.150:/v", "nfs4", frozenset({"rw", "soft"})),)),
    ),
    "a mount whose name is no UTF-8": (
        look(file("/proc/self/mountinfo", b"1 2 0:3 / /mnt/k\xfchl rw - tmpfs none rw\n")),
        HostFacts(mounts=(Mount("/mnt/k\udcfchl", "none", "tmpfs", frozenset({"rw"})),)),
    ),
    "the NAS answers": (
        look("answers 10.0.0.150 yes", "responds /mnt/nas yes"),
        HostFacts(answers={"10.0.0.150": True}, responds={"/mnt/nas": True}),
    ),
    "the NAS is off": (look("answers 10.0.0.150 no"), HostFacts(answers={"10.0.0.150": False})),
    "the mount hangs": (
        look("answers fd00::1 yes", "responds /mnt/nas no"),
        HostFacts(answers={"fd00::1": True}, responds={"/mnt/nas": False}),
    ),
    "the mount hangs, and the kernel said since when": (
        look("answers 10.0.0.150 yes", "responds /mnt/nas no", f"kernel /mnt/nas {b64encode(SILENT).decode()}"),
        HostFacts(
            answers={"10.0.0.150": True},
            responds={"/mnt/nas": False},
            silent={"/mnt/nas": "2026-11-22T03:00:04+0100"},
        ),
    ),
    "the mount hangs, and the kernel's last word was that all is well": (
        look("responds /mnt/nas no", f"kernel /mnt/nas {b64encode(b''.join(SILENT.splitlines(True)[:2])).decode()}"),
        HostFacts(responds={"/mnt/nas": False}),
    ),
    "directories": (
        look("directory /a missing", "directory /b plain", "directory /c immutable", "directory /d other"),
        HostFacts(directories={"/a": "missing", "/b": "plain", "/c": "immutable", "/d": "other"}),
    ),
    "timers": (
        look(
            r"timer homebackup-heal-mnt-nas\x2dbackups.timer enabled, active", "timer homebackup-drill.timer , failed"
        ),
        HostFacts(
            timers={
                r"homebackup-heal-mnt-nas\x2dbackups.timer": "enabled, active",
                "homebackup-drill.timer": ", failed",
            }
        ),
    ),
    "a timer of which systemctl says nothing": (
        look("timer homebackup-drill.timer "),
        HostFacts(timers={"homebackup-drill.timer": ""}),
    ),
    "who uses a mount": (
        look(
            "user /mnt/nas cp (PID 7)",
            "user /srv rsync (PID 9)",
            "user /mnt/nas task UPID:pve:1:2:3:vzdump::r: (PID 8)",
        ),
        HostFacts(
            users={"/mnt/nas": ("cp (PID 7)", "task UPID:pve:1:2:3:vzdump::r: (PID 8)"), "/srv": ("rsync (PID 9)",)}
        ),
    ),
}


@pytest.mark.parametrize(("output", "facts"), LOOKS.values(), ids=LOOKS.keys())
def test_what_a_look_says(output: str, facts: HostFacts) -> None:
    assert read_look(output) == facts


CUT_SHORT = {
    "nothing at all": "",
    "in the middle": look("answers 10.0.0.150 yes").removesuffix("end of look\n"),
    "in its last line": look().removesuffix("k\n"),
}


@pytest.mark.parametrize("output", CUT_SHORT.values(), ids=CUT_SHORT.keys())
def test_a_look_that_was_cut_short_says_nothing(output: str) -> None:
    with pytest.raises(ValueError, match="ended before its last line"):
        read_look(output)


def test_what_is_asked_of_facts() -> None:
    below, top = Mount("/mnt", "a", "nfs4", frozenset()), Mount("/mnt", "b", "tmpfs", frozenset())
    facts = HostFacts(mounts=(below, Mount("/mnt2", "c", "tmpfs", frozenset()), top))
    assert facts.at("/mnt") == [below, top]
    assert facts.fstab == b""


def test_the_script_is_a_script_for_any_shell() -> None:
    said = subprocess.run(["sh", "-n"], input=PROBE.encode(), capture_output=True, check=False)
    assert (said.returncode, said.stderr) == (0, b"")
