"""The hypervisor's host at 10.0.0.50: Debian 12 with its own kernel under User-Mode Linux."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.acceptance.image import GUEST, Image
from tests.acceptance.network import TAP
from tests.acceptance.processes import Started
from tests.acceptance.waiting import until

ADDRESS = "10.0.0.50"
BOOT = 150.0
"""Seconds in which a host answers over ssh, on a machine that is busy with other things."""


TARGET = "/mnt/nas-backups"
ORIGINAL = (GUEST / "etc/fstab").read_bytes()
"""/etc/fstab as the owner left it."""
STAGES = {"ssh": "ssh.service", "remote-fs": "remote-fs.target", "multi-user": "multi-user.target"}
"""What a boot reaches, by the unit that says so."""
_RESET = r"""
cat > /run/original
if ls /etc/systemd/system/homebackup-* >/dev/null 2>&1; then
  systemctl stop 'homebackup-*'
  rm -f /etc/systemd/system/homebackup-* /etc/systemd/system/*.wants/homebackup-*
  reload=yes
fi
while grep -q ' /mnt/nas-backups ' /proc/self/mountinfo; do umount /mnt/nas-backups || exit 1; done
if [ -e /mnt/nas-backups ]; then chattr -i /mnt/nas-backups; rm -rf /mnt/nas-backups; fi
if [ -n "$(ls /etc/fstab.* 2>/dev/null)" ] || ! cmp -s /run/original /etc/fstab; then
  rm -f /etc/fstab*
  cp /run/original /etc/fstab
  reload=yes
fi
if [ -n "$reload" ]; then systemctl daemon-reload; systemctl reset-failed; fi
exit 0
"""


@dataclass(frozen=True)
class Said:
    """How a command on the host ended."""

    exit: int
    out: str
    err: str
    seconds: float


class Host:
    """One machine with one disk; what is written stays over a reboot and is gone with the run."""

    def __init__(self, image: Image, folder: Path, cpu: int) -> None:
        self.image, self.folder, self.cpu = image, folder, cpu
        self.console = folder / "console.log"
        self._machine: Started | None = None

    def start(self) -> float:
        """Switch it on and wait until it answers over ssh; the seconds that took."""
        began = time.monotonic()
        self._machine = Started(
            [
                # Kernel and processes hand over to one another at every system call: on one processor that is three
                # times as fast as on two.
                *f"taskset --cpu-list {self.cpu}".split(),
                "linux.uml",
                "mem=512M",
                f"ubd0={self.folder / 'disk.cow'},{self.image.disk}",
                "root=/dev/ubda",
                "rw",
                "net.ifnames=0",
                "pty.legacy_count=0",  # 512 devices that systemd would keep a unit for
                f"eth0=tuntap,{TAP},52:54:00:00:00:50",
                *"con=null con0=null,fd:1 con1=null".split(),
                f"umid={self.folder.name}",
                f"uml_dir={self.folder}/",
            ],
            self.console,
            self.folder,
        )
        until("the host answers over ssh", self._answers, BOOT)
        return time.monotonic() - began

    def cut(self) -> None:
        """Cut its power."""
        self._forget()
        if self._machine is not None:
            self._machine.kill()

    def booted(self, seconds: float) -> dict[str, float]:
        """Seconds from power to each stage, when the boot is over: ssh, remote-fs (if reached), multi-user."""
        until("the boot is over", lambda: self.run("systemctl is-system-running").out.strip() != "starting", seconds)
        stages = {}
        for stage, unit in STAGES.items():
            micros = self.run(f"systemctl show -P ActiveEnterTimestampMonotonic {unit}").out.strip()
            if micros not in ("", "0"):
                stages[stage] = int(micros) / 1e6
        return stages

    def reset(self) -> None:
        """Take back whatever tests did, so that the host is as its owner installed it."""
        self.ssh(_RESET, stdin=ORIGINAL, timeout=200)

    @contextlib.contextmanager
    def running(self, command: str) -> Iterator[int]:
        """A process on the host for as long as the block lasts; its process id."""
        pid = int(self.ssh(f"setsid sh -c {shlex.quote(command)} >/dev/null 2>&1 </dev/null & echo $!"))
        try:
            yield pid
        finally:
            self.run(f"kill -9 -- -{pid}")

    def live(self) -> list[str]:
        """Lines of /proc/mounts: what is mounted on the mission's directory, the top one last."""
        return [line for line in self.ssh("cat /proc/mounts").splitlines() if line.split(" ")[1] == TARGET]

    def options(self) -> set[str]:
        """The options of what is mounted there on top."""
        return set(self.live()[-1].split(" ")[3].split(","))

    def beneath(self, command: str) -> str:
        """What a command prints that sees the directory `$dir` under the mount instead of the mount."""
        return self.ssh(f"unshare -m sh -c 'mount --bind /mnt /media && dir=/media/nas-backups && {command}'")

    def used(self) -> int:
        """Bytes used on the root disk, whatever is in flight written out."""
        return int(self.ssh("sync -f /; df -B1 --output=used / | tail -1"))

    def run(self, command: str, *, stdin: bytes = b"", timeout: float = 60.0) -> Said:
        """Run a shell command on the host, however it ends."""
        began = time.monotonic()
        done = subprocess.run([*self._ssh(), command], input=stdin, capture_output=True, check=False, timeout=timeout)
        out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        return Said(done.returncode, out, err, time.monotonic() - began)

    def ssh(self, command: str, *, stdin: bytes = b"", timeout: float = 60.0) -> str:
        """What a shell command on the host prints; AssertionError when it fails."""
        said = self.run(command, stdin=stdin, timeout=timeout)
        assert said.exit == 0, f"`{command}` on the host ended with {said.exit}: {said.err or said.out}"
        return said.out

    def json(self, command: str) -> Any:
        """What a command on the host prints, as JSON."""
        return json.loads(self.ssh(command))

    def read(self, path: str) -> bytes:
        """The bytes of a file on the host."""
        done = subprocess.run([*self._ssh(), f"cat {path}"], capture_output=True, check=True, timeout=30)
        return done.stdout

    def write(self, path: str, content: bytes) -> None:
        """Write a file on the host as an owner's editor does, whose mode and ACL stay."""
        self.ssh(f"cat > {path}", stdin=content)

    def forward(self, port: int) -> None:
        """Let connections to this port of the host come out at the same port of the tests' loopback, until a reboot."""
        there = f"{ADDRESS}:{port}:127.0.0.1:{port}"
        subprocess.run([*self._ssh(), "-O", "forward", "-R", there], capture_output=True, check=True, timeout=20)

    def _answers(self) -> bool:
        assert self._machine is not None
        assert self._machine.runs, f"the machine ended: {self.console.read_text(errors='replace')[-2000:]}"
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.run("true", timeout=5).exit == 0
        return False

    def _ssh(self) -> list[str]:
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": "2",
            "ControlMaster": "auto",
            "ControlPath": self.folder / "ssh",
            "ControlPersist": "yes",
            "IdentitiesOnly": "yes",
            "IdentityFile": self.image.identity,
            "LogLevel": "ERROR",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": self.image.known_hosts,
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", "-F", "none", *words, f"root@{ADDRESS}"]

    def _forget(self) -> None:
        subprocess.run([*self._ssh(), "-O", "exit"], capture_output=True, check=False, timeout=10)
