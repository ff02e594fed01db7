"""A live mount, as a real kernel shows it, compared with the options of its line."""

from __future__ import annotations

import pytest

from homebackup.model.mounts import Mount, differences, mounted

# As kernel 6.1 shows the mount that the home site's line makes.
HOME = (
    "175 27 0:45 / /mnt/nas-backups rw,relatime shared:92 - nfs4 10.0.0.150:/volume1/backups/proxmox_backups "
    "rw,vers=4.2,rsize=131072,wsize=131072,namlen=255,soft,proto=tcp,timeo=150,retrans=3,sec=sys,"
    "clientaddr=10.0.0.50,local_lock=none,addr=10.0.0.150"
)
ROOT = "27 1 253:1 / / rw,relatime shared:1 - ext4 /dev/mapper/pve-root rw,errors=remount-ro"
LINE = ("defaults", "soft", "timeo=150", "retrans=3", "x-systemd.requires=network-online.target")
(LIVE,) = (mount.options for mount in mounted(HOME))


def test_what_the_home_sites_line_makes_is_as_the_line_says() -> None:
    (root, mount) = mounted(f"{ROOT}\n{HOME}\n")
    assert (root.target, root.source, root.is_nfs) == ("/", "/dev/mapper/pve-root", False)
    assert (mount.target, mount.source) == ("/mnt/nas-backups", "10.0.0.150:/volume1/backups/proxmox_backups")
    assert mount.is_nfs
    assert differences(LINE, mount.options) == []


MOUNTINFO = {
    "nothing": ("", ()),
    "half a line": ("175 27 0:45 / /mnt", ()),
    "no shared mark": ("1 2 0:3 / /a rw - tmpfs tmpfs rw", (Mount("/a", "tmpfs", "tmpfs", frozenset({"rw"})),)),
    "several marks": (
        "1 2 0:3 / /a rw shared:1 master:2 - tmpfs tmpfs rw",
        (Mount("/a", "tmpfs", "tmpfs", frozenset({"rw"})),),
    ),
    "escapes": (
        r"1 2 0:3 / /a\040b rw - nfs nas:/c\134d\011e rw",
        (Mount("/a b", "nas:/c\\d\te", "nfs", frozenset({"rw"})),),
    ),
    "a read-only mount of a writable file system": (
        "1 2 0:3 / /a ro,relatime - nfs4 nas:/b rw",
        (Mount("/a", "nas:/b", "nfs4", frozenset({"ro", "relatime"})),),
    ),
    "one on the other": (
        "1 2 0:3 / /a rw - nfs4 nas:/b rw\n2 1 0:4 / /a rw - tmpfs none rw",
        (Mount("/a", "nas:/b", "nfs4", frozenset({"rw"})), Mount("/a", "none", "tmpfs", frozenset({"rw"}))),
    ),
}


@pytest.mark.parametrize(("text", "mounts"), MOUNTINFO.values(), ids=MOUNTINFO.keys())
def test_what_mountinfo_says(text: str, mounts: tuple[Mount, ...]) -> None:
    assert mounted(text) == mounts


def live(**changed: str) -> frozenset[str]:
    """The options of the home mount with these in place of others: `soft="hard"`, `timeo="timeo=600"`."""
    return frozenset(changed.get(option.partition("=")[0], option) for option in LIVE) - {""}


DIFFERENCES = {
    # line, live mount, what is said of it
    "hard": (LINE, live(soft="hard"), ["hard instead of soft"]),
    "hard with the kernel's defaults": (
        LINE,
        live(soft="hard", timeo="timeo=600", retrans="retrans=2"),
        ["hard instead of soft", "timeo=600 instead of 150", "retrans=2 instead of 3"],
    ),
    "softerr": (LINE, live(soft="softerr"), ["no soft"]),
    "softerr wanted": (("softerr",), LIVE, ["no softerr"]),
    "softerr wanted, hard there": (("softerr",), live(soft="hard"), ["hard instead of softerr"]),
    "another timeo": (LINE, live(timeo="timeo=50"), ["timeo=50 instead of 150"]),
    "another retrans": (LINE, live(retrans="retrans=2"), ["retrans=2 instead of 3"]),
    "read-only": (LINE, live(rw="ro"), ["ro instead of rw"]),
    "read-only, though rw is named": ((*LINE, "rw"), live(rw="ro"), ["ro instead of rw"]),
    "read-only as wanted": ((*LINE, "ro"), live(rw="ro"), []),
    "writable, though ro is named": ((*LINE, "ro"), LIVE, ["rw instead of ro"]),
    "no version named": (LINE, live(vers="vers=3"), []),
    "version 4 is any 4": ((*LINE, "vers=4"), LIVE, []),
    "version 4 is not 3": ((*LINE, "vers=4"), live(vers="vers=3"), ["vers=3 instead of 4"]),
    "version 4.1": ((*LINE, "vers=4.1"), LIVE, ["vers=4.2 instead of 4.1"]),
    "version by its other name": ((*LINE, "nfsvers=4.2"), LIVE, []),
    "version 3 by its other name": ((*LINE, "nfsvers=3"), LIVE, ["nfsvers=4.2 instead of 3"]),
    "noatime": ((*LINE, "noatime"), LIVE, ["no noatime"]),
    "noatime there": ((*LINE, "noatime"), live(relatime="noatime"), []),
    "noexec": ((*LINE, "noexec", "nosuid", "nodev"), LIVE, ["no noexec", "no nosuid", "no nodev"]),
    "proto": ((*LINE, "proto=udp"), LIVE, ["proto=tcp instead of udp"]),
    "sec": ((*LINE, "sec=krb5"), LIVE, ["sec=sys instead of krb5"]),
    "an option that the kernel does not show": ((*LINE, "strictatime", "lookupcache=all", "actimeo=60"), LIVE, []),
    "sizes that the server chooses": ((*LINE, "rsize=1048576", "wsize=8192"), LIVE, []),
    "options of mount and systemd": (
        (*LINE, "_netdev", "nofail", "noauto", "auto", "user", "bg", "retry=0", "x-systemd.mount-timeout=10", "x-gvfs"),
        LIVE,
        [],
    ),
    "a timeo that is a prefix": ((*LINE[:2], "timeo=15"), LIVE, ["timeo=150 instead of 15"]),
    "no option at all": ((), LIVE, []),
}


@pytest.mark.parametrize(("wanted", "there", "said"), DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_what_differs_is_named(wanted: tuple[str, ...], there: frozenset[str], said: list[str]) -> None:
    assert differences(wanted, there) == said
