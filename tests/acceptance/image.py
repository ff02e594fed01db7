"""The disk of the host: Debian 12 with systemd, sshd and the kernel NFS client, built once from Debian's packages."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
GUEST = HERE / "guest"
"""Files that lie over what the packages bring."""
CACHE = HERE.parents[1] / ".tools" / "acceptance"
"""Images are kept here from run to run; git ignores the folder."""
MODULES = Path("/usr/lib/uml/modules")
"""Modules of the User-Mode Linux kernel, the NFS client among them."""
SUITE = "bookworm"
PACKAGES = (
    "acl bridge-utils dbus e2fsprogs ifupdown2 iproute2 kmod libpam-systemd nfs-common openssh-server procps psmisc"
    " python3-minimal systemd systemd-sysv udev"
).split()
TIMERS = "apt-daily apt-daily-upgrade dpkg-db-backup e2scrub_all fstrim".split()
"""Chores of a real Debian that only disturb a measurement."""
GENERATORS = (
    "cryptsetup debug getty gpt-auto hibernate-resume integritysetup rc-local run system-update sysv veritysetup"
).split()
"""Programs that systemd starts at each daemon-reload and that have nothing to do here; starting one takes long here."""
SIZE = "1500M"


@dataclass(frozen=True)
class Image:
    """A disk image that nobody writes to, the ssh key that opens it, and the key by which it proves itself."""

    folder: Path

    @property
    def disk(self) -> Path:
        """The root file system, raw."""
        return self.folder / "host.ext4"

    @property
    def identity(self) -> Path:
        """Private key that root's authorized_keys has."""
        return self.folder / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """What proves the host, as ssh keeps it."""
        return self.folder / "known_hosts"


def image() -> Image:
    """The image that the recipe describes, built unless an earlier run has; raises CalledProcessError."""
    found = Image(CACHE / _recipe())
    if not found.disk.exists():
        for old in CACHE.glob("image-*"):
            shutil.rmtree(old)
        found.folder.mkdir(parents=True)
        _build(found)
    return found


def _recipe() -> str:
    """A name that changes with everything the image is made of."""
    parts = [Path(__file__).read_bytes(), *(line.encode() for line in sorted(map(str, MODULES.glob("*"))))]
    for file in sorted(f for f in GUEST.rglob("*") if f.is_file()):
        parts += [str(file.relative_to(GUEST)).encode(), file.read_bytes()]
    return "image-" + hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _build(new: Image) -> None:
    root = new.folder / "root"
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "acceptance", "-f", str(new.identity))
    _run(*_mmdebstrap(root, new.identity.with_suffix(".pub")))
    host_key = (root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
    new.known_hosts.write_text(" ".join(["10.0.0.50", *host_key]) + "\n")
    half = new.disk.with_suffix(".part")
    _run("truncate", "-s", SIZE, str(half))
    _run("mkfs.ext4", "-q", "-F", "-L", "root", "-E", "lazy_itable_init=1", "-d", str(root), str(half))
    shutil.rmtree(root)
    half.rename(new.disk)


def _mmdebstrap(root: Path, public_key: Path) -> list[str]:
    in_guest = 'chroot "$1" systemctl --quiet'
    hooks = [
        f'cp -R "{GUEST}/." "$1"',
        f'mkdir -p "$1/usr/lib/modules" && cp -R "{MODULES}/." "$1/usr/lib/modules"',
        f'install -D -m 600 "{public_key}" "$1/root/.ssh/authorized_keys" && chmod 700 "$1/root/.ssh"',
        'mkdir -p "$1/srv/scratch" "$1/var/log/journal" "$1/etc/systemd/system-generators"',
        *(f'ln -s /dev/null "$1/etc/systemd/system-generators/systemd-{name}-generator"' for name in GENERATORS),
        f"{in_guest} enable networking ssh",
        f"{in_guest} mask e2scrub_reap.service {' '.join(f'{timer}.timer' for timer in TIMERS)}",
        'rm -f "$1/etc/resolv.conf" && echo uninitialized >"$1/etc/machine-id"',
    ]
    without = [f"path-exclude=/usr/share/{tree}/*" for tree in ("man", "doc", "locale", "info")]
    return [
        *"mmdebstrap --quiet --mode=root --variant=minbase --components=main".split(),
        f"--include={','.join(PACKAGES)}",
        "--aptopt=Apt::Install-Recommends false",
        *(f"--dpkgopt={option}" for option in without),
        *(f"--customize-hook={hook}" for hook in hooks),
        SUITE,
        str(root),
        _mirror(),
    ]


def _mirror() -> str:
    """The Debian mirror that this machine uses itself, so that a local one is used where there is no other."""
    listed = _run("apt-get", "indextargets", "--format", "$(SITE) $(CODENAME) $(COMPONENT)", "Created-By: Packages")
    sites = [line.split()[0] for line in listed.splitlines() if line.split()[1:] == [SUITE, "main"]]
    return sites[0] if sites else "http://deb.debian.org/debian"


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
