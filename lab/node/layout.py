"""What a freshly installed node has in its directories, and how the lab's programs look as files."""

from collections.abc import Iterable

from lab.node.root import Root

MARK = b"\x7fLAB:"
DIRECTORIES = (
    "boot/efi",
    "dev",
    "etc/apt",
    "etc/cron.d",
    "etc/default",
    "etc/network",
    "etc/pve/lxc",
    "etc/pve/nodes",
    "etc/pve/qemu-server",
    "etc/pve/priv",
    "etc/ssh",
    "etc/systemd/system",
    "etc/systemd/system/timers.target.wants",
    "etc/systemd/system/multi-user.target.wants",
    "home",
    "mnt",
    "opt",
    "proc/self",
    "proc/sys/kernel/random",
    "root/.ssh",
    "run/lock",
    "run/systemd",
    "srv",
    "sys",
    "tmp",
    "usr/bin",
    "usr/sbin",
    "usr/lib/systemd/system",
    "usr/local/bin",
    "usr/local/sbin",
    "usr/share",
    "var/lib/vz/dump",
    "var/log/journal",
    "var/spool/cron",
    "var/tmp",
)
LINKS = {
    "bin": "usr/bin",
    "sbin": "usr/sbin",
    "lib": "usr/lib",
    "var/run": "/run",
    "var/lock": "/run/lock",
    "proc/mounts": "self/mounts",
    "etc/mtab": "../proc/self/mounts",
    "dev/fd": "/proc/self/fd",
}
MODES = {"tmp": 0o1777, "var/tmp": 0o1777, "run/lock": 0o1777, "root": 0o700, "root/.ssh": 0o700, "etc/pve/priv": 0o700}
SUPERUSER = {
    "mount.nfs",
    "mount.nfs4",
    "umount.nfs",
    "showmount",
    "rpcinfo",
    "pvesm",
    "chroot",
    "qmrestore",
    "qm",
    "pct",
    "shutdown",
    "reboot",
    "ifconfig",
    "blkid",
    "pveum",
    "pvesh",
}
NULL = ("null", "zero", "full", "random", "urandom", "tty")


def program(name: str) -> bytes:
    """The content of the file that stands for the lab's command `name`."""
    return MARK + name.encode() + b"\n"


def program_name(head: bytes) -> str:
    """The command that a file beginning with `head` stands for, or an empty name."""
    return head[len(MARK) :].partition(b"\n")[0].decode("ascii", "replace") if head.startswith(MARK) else ""


def lay_out(root: Root, hostname: str, programs: Iterable[str], files: dict[str, str]) -> None:
    """Make the directories, links, programs and `files` (path to text) of a node on an empty root."""
    for name in DIRECTORIES:
        root.mkdir("/" + name, True)
    for name, target in LINKS.items():
        root.symlink(target, "/" + name)
    for name, mode in MODES.items():
        root.chmod("/" + name, mode)
    for name in programs:
        path = f"/usr/{'sbin' if name in SUPERUSER else 'bin'}/{name}"
        root.write(path, program(name))
        root.chmod(path, 0o755)
    for name in NULL:
        root.write("/dev/" + name, b"")
        root.chmod("/dev/" + name, 0o666)
    for path, text in ETC.items() | files.items():
        root.mkdir(path.rpartition("/")[0] or "/", True)
        root.write(path, text.replace("{hostname}", hostname).encode("utf-8", "surrogateescape"))
    for path in ("/etc/shadow", "/etc/gshadow"):
        root.chmod(path, 0o640)
        root.chown(path, 0, 42)


ETC = {
    "/etc/hostname": "{hostname}\n",
    "/etc/hosts": "127.0.0.1 localhost.localdomain localhost\n10.0.0.50 {hostname}.home.example {hostname}\n",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"
    "backup:x:34:34:backup:/var/backups:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "/etc/group": "root:x:0:\nwww-data:x:33:\nbackup:x:34:\nshadow:x:42:\nnogroup:x:65534:\n",
    "/etc/shadow": "root:*:20000:0:99999:7:::\n",
    "/etc/gshadow": "root:*::\n",
    "/etc/debian_version": "12.10\n",
    "/etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n'
    'VERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
    "/etc/ssh/sshd_config": "PermitRootLogin yes\nSubsystem sftp /usr/lib/openssh/sftp-server\n",
    "/etc/vzdump.conf": "# vzdump default settings\n#tmpdir: DIR\n#storage: STORAGE_ID\n#mode: snapshot|suspend|stop\n",
}
