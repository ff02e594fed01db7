"""What tests on real programs need of the machine they run on, and one sentence when it cannot be had."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

COMMANDS = {
    "linux.uml": "user-mode-linux",
    "ganesha.nfsd": "nfs-ganesha",
    "mmdebstrap": "mmdebstrap",
    "mkfs.ext4": "e2fsprogs",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "setpriv": "util-linux",
}
"""Each command, and the Debian package that brings it."""
ALSO = {"nfs-ganesha": ["nfs-ganesha-vfs"]}

TRACES = b"Checking that ptrace can change system call numbers...OK"
"""What User-Mode Linux says when it can run here; without a disk it says little else that can be relied on."""


class Unavailable(Exception):
    """These tests cannot run here; the text is the sentence that says what is missing."""


def provide() -> None:
    """Install what is missing, and try it; raises Unavailable when this machine cannot run the tests."""
    _provide()
    with tempfile.TemporaryDirectory() as folder:
        probe = f"timeout --signal=KILL 20 linux.uml mem=32M con=null con0=null,fd:1 uml_dir={folder}/"
        if TRACES not in _said(f"unshare --pid --fork --kill-child=KILL {probe}"):
            raise Unavailable("User-Mode Linux does not start here; a container needs the right to trace processes")
    if said := _said("unshare --net ip link add lan type bridge").strip():
        raise Unavailable(f"network namespaces with a bridge are needed: {said.decode(errors='replace')}")


def _said(command: str) -> bytes:
    done = subprocess.run(command.split(), stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
    return done.stdout + done.stderr


def _provide() -> None:
    if os.geteuid() != 0:
        raise Unavailable("root is needed, for network namespaces and an NFS server")
    if not Path("/dev/net/tun").exists():
        raise Unavailable("/dev/net/tun is needed, to plug the host into a network; load the kernel module tun")
    install(COMMANDS, ALSO)


def install(commands: Mapping[str, str], also: Mapping[str, list[str]] = MappingProxyType({})) -> None:
    """Install the Debian packages of the commands that are missing, and those they need; raises Unavailable."""
    missing = [package for command, package in commands.items() if shutil.which(command) is None]
    packages = [name for package in missing for name in (package, *also.get(package, []))]
    if not packages:
        return
    if os.geteuid() != 0:
        raise Unavailable(f"Debian's packages {' '.join(packages)} are needed, and only root can install them")
    if shutil.which("apt-get") is None:
        raise Unavailable(f"Debian's packages {' '.join(packages)} are needed, and this machine has no apt-get")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", "--quiet=2", *arguments], env=quiet, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
            raise Unavailable(f"apt-get could not install {' '.join(packages)}: {said}")
