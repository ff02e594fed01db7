"""One line of /etc/fstab comes, changes and goes; every other byte stays."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homebackup.model import fstab

TARGET = "/mnt/nas-backups"
EXPORT = "10.0.0.150:/volume1/backups/proxmox_backups"
OPTIONS = ("defaults", "soft", "timeo=150", "retrans=3", "x-systemd.requires=network-online.target")
ENTRY = fstab.Entry(0, EXPORT, TARGET, "nfs", OPTIONS)
HOME = (
    b"10.0.0.150:/volume1/backups/proxmox_backups /mnt/nas-backups nfs "
    b"defaults,soft,timeo=150,retrans=3,x-systemd.requires=network-online.target 0 0"
)
DEBIAN = b"""\
# /etc/fstab: static file system information.
#
# <file system> <mount point>   <type>  <options>       <dump>  <pass>
/dev/pve/root   /               ext4    errors=remount-ro 0     1
UUID=64D2-1F3C  /boot/efi       vfat    umask=0077      0       1
/dev/pve/swap   none            swap    sw              0       0
proc            /proc           proc    defaults        0       0
"""


def test_the_line_of_the_home_site_byte_for_byte() -> None:
    assert ENTRY.line() == HOME
    assert fstab.with_line(DEBIAN, ENTRY) == DEBIAN + HOME + b"\n"


SWAP = fstab.Swap.between(DEBIAN + HOME + b"\n", DEBIAN, TARGET)
SWAPPED: dict[str, tuple[fstab.Swap, bytes, bytes | None]] = {
    "nothing else changed": (SWAP, DEBIAN + HOME + b"\n", DEBIAN),
    "a line came after it": (SWAP, DEBIAN + HOME + b"\n# mine\n", DEBIAN + b"# mine\n"),
    "a line came before it, the last line feed went": (SWAP, b"# mine\n" + DEBIAN + HOME, b"# mine\n" + DEBIAN[:-1]),
    "it is gone": (SWAP, DEBIAN, None),
    "it was edited": (SWAP, DEBIAN + HOME.replace(b"150,", b"77,") + b"\n", None),
    "it came twice": (SWAP, DEBIAN + HOME + b"\n" + HOME + b"\n", None),
    "an older line comes back in its place": (
        fstab.Swap.between(HOME, HOME.replace(b"soft", b"hard") + b"\r", TARGET),
        b"# one\n" + HOME + b"\n# two",
        b"# one\n" + HOME.replace(b"soft", b"hard") + b"\r\n# two",
    ),
    "nothing was put there": (fstab.Swap.between(DEBIAN, DEBIAN + HOME, TARGET), DEBIAN, None),
}


@pytest.mark.parametrize(("swap", "content", "after"), SWAPPED.values(), ids=SWAPPED.keys())
def test_lines_swapped_in_a_file_that_somebody_changed(swap: fstab.Swap, content: bytes, after: bytes | None) -> None:
    assert swap(content) == after


NOT_OURS = {
    "nothing": b"",
    "only a line feed": b"\n",
    "as Debian installs it": DEBIAN,
    "no line feed at the end": DEBIAN[:-1],
    "blank lines at the end": DEBIAN + b"\n\n",
    "tabs and odd blanks": b"\t/dev/sda1\t\t/data  ext4   defaults\t0 2  \n",
    "carriage returns": DEBIAN.replace(b"\n", b"\r\n"),
    "a lone carriage return": b"/dev/sda1 /data ext4 defaults 0 2\r\n/dev/sdb1 /more ext4 defaults 0 2\n",
    "no UTF-8": b"# K\xfchlschrank\n/dev/sda1 /k\xfchl ext4 defaults 0 2\n",
    "NUL bytes": b"\x00\x00\n/dev/sda1 /data ext4 defaults 0 2\n",
    "half a line": b"10.0.0.150:/volume1/backups /mnt/nas-backups\n",
    "words": b"please do not touch this file, says /mnt/nas-backups\n",
    "the target in comments": b"# 10.0.0.150:/old /mnt/nas-backups nfs soft 0 0\n#see /mnt/nas-backups below\n",
    "the target as a source": b"/mnt/nas-backups /srv/backups none bind 0 0\n",
    "the target in options": b"overlay /srv/over overlay upperdir=/mnt/nas-backups,workdir=/w 0 0\n",
    "another directory that begins alike": b"10.0.0.150:/v /mnt/nas-backups2 nfs soft 0 0\n",
    "a directory above": b"tmpfs /mnt tmpfs defaults 0 0\n",
    "a blank in the target": rb"10.0.0.150:/v /mnt/nas-backups\040old nfs soft 0 0" + b"\n",
    "another mount twice": b"/dev/sda1 /data ext4 defaults 0 2\n" * 2,
    "a mark of the byte order": b"\xef\xbb\xbf/dev/sda1 /data ext4 defaults 0 2\n",
    "form feed and vertical tab": b"\x0c/dev/sda1\x0b/data ext4 defaults 0 2\n",
}


@pytest.mark.parametrize("content", NOT_OURS.values(), ids=NOT_OURS.keys())
def test_what_is_not_ours_stays(content: bytes) -> None:
    assert fstab.at(content, TARGET) == []
    assert fstab.without(content, TARGET) == content
    after = fstab.with_line(content, ENTRY)
    assert after.startswith(content)
    assert [entry.line() for entry in fstab.at(after, TARGET)] == [HOME]
    assert fstab.with_line(after, ENTRY) == after
    assert fstab.without(after, TARGET) == content


OURS = {
    "as it should be": HOME,
    "tabs": HOME.replace(b" ", b"\t"),
    "indented": b"   " + HOME,
    "blanks behind": HOME + b"  ",
    "trailing slash": HOME.replace(b"/mnt/nas-backups", b"/mnt/nas-backups/"),
    "doubled slash": HOME.replace(b"/mnt/nas-backups", b"/mnt//nas-backups"),
    "an escaped letter": HOME.replace(b"/mnt/nas-backups", rb"/mnt/n\141s-backups"),
    "hard": HOME.replace(b"soft", b"hard"),
    "another server": HOME.replace(b"10.0.0.150", b"10.0.0.151"),
    "no UTF-8 in the export": HOME.replace(b"proxmox_backups /", b"k\xfchl /"),
    "no dump and pass": HOME[:-4],
    "no pass": HOME[:-2],
    "three fields": b"10.0.0.150:/v /mnt/nas-backups nfs",
    "a comment behind": HOME + b" # the NAS",
    "a comment in the place of dump and pass": HOME[:-4] + b" # the NAS",
    "another kind of file system": b"/dev/sdb1 /mnt/nas-backups ext4 defaults 0 2",
}


@pytest.mark.parametrize("line", OURS.values(), ids=OURS.keys())
def test_a_line_of_the_mount_point_is_replaced_where_it_stands(line: bytes) -> None:
    for head, tail in [(b"", b""), (DEBIAN, b"\n"), (DEBIAN, b"\n" + DEBIAN), (b"", b"\r\n# end\r\n")]:
        content = head + line + tail
        after = fstab.with_line(content, ENTRY)
        assert after == head + HOME + tail
        assert fstab.with_line(after, ENTRY) == after
        assert fstab.without(content, TARGET) == head + tail.removeprefix(b"\r").removeprefix(b"\n")


DOUBLED = {
    "twice": ([HOME, b"# between", HOME], [HOME, b"# between"]),
    "twice in a row": ([HOME, HOME, b"# end"], [HOME, b"# end"]),
    "the first one wrong": ([OURS["hard"], b"", HOME], [HOME, b""]),
    "three, one with a slash": ([OURS["trailing slash"], HOME, OURS["tabs"]], [HOME]),
    "one commented out": ([b"#" + HOME, HOME], [b"#" + HOME, HOME]),
}


@pytest.mark.parametrize(("before", "after"), DOUBLED.values(), ids=DOUBLED.keys())
def test_of_several_lines_the_first_stays(before: Sequence[bytes], after: Sequence[bytes]) -> None:
    assert fstab.with_line(b"\n".join([*before, b""]), ENTRY) == b"\n".join([*after, b""])


COMMENTED = {
    "a mark before it": (b"#" + HOME, True),
    "marks and blanks": (b"  ## " + HOME, True),
    "with a slash": (b"# " + OURS["trailing slash"], True),
    "a short one": (b"#10.0.0.150:/v /mnt/nas-backups nfs4", True),
    "active": (HOME, False),
    "active beside a comment": (b"# the NAS\n" + HOME, False),
    "prose": (b"# put /mnt/nas-backups here again", False),
    "another directory": (b"#" + HOME.replace(b"nas-backups", b"nas"), False),
    "another kind": (b"# /dev/sdb1 /mnt/nas-backups ext4 defaults 0 2", False),
}


@pytest.mark.parametrize(("content", "commented"), COMMENTED.values(), ids=COMMENTED.keys())
def test_a_line_that_somebody_commented_out_is_seen(content: bytes, commented: bool) -> None:
    assert fstab.commented_out(DEBIAN + content + b"\n", TARGET) is commented


FIELDS = {
    "the home line": (HOME, (EXPORT, TARGET, "nfs", OPTIONS, "0", "0")),
    "escapes": (
        rb"nas:/a\040b\011c /mnt/x\134y nfs soft 0 0",
        ("nas:/a b\tc", r"/mnt/x\y", "nfs", ("soft",), "0", "0"),
    ),
    "letters beyond ASCII": (
        "nas:/kühl /mnt/kühl nfs soft".encode(),
        ("nas:/kühl", "/mnt/kühl", "nfs", ("soft",), "0", "0"),
    ),
    "empty options": (b"nas:/v /mnt/x nfs ,soft,, 1", ("nas:/v", "/mnt/x", "nfs", ("soft",), "1", "0")),
    "no options": (b"nas:/v /mnt/x nfs", ("nas:/v", "/mnt/x", "nfs", (), "0", "0")),
}


@pytest.mark.parametrize(("line", "fields"), FIELDS.values(), ids=FIELDS.keys())
def test_the_fields_of_a_line(line: bytes, fields: tuple[object, ...]) -> None:
    (entry,) = fstab.entries(line + b"\r\n")
    assert (entry.source, entry.target, entry.fstype, entry.options, entry.dump, entry.passno) == fields


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Z"]), min_size=1)
PATHS = st.text("abc-_. \t\\#", min_size=1).map(lambda name: f"/mnt/{name}")


@given(source=TEXTS.filter(lambda text: text[0] != "#"), target=PATHS, options=st.lists(TEXTS))
def test_a_written_line_is_read_back_whatever_it_holds(source: str, target: str, options: list[str]) -> None:
    chosen = tuple(option for text in options for option in text.split(",") if option)
    entry = fstab.Entry(0, source, target, "nfs", chosen or ("defaults",))
    assert list(fstab.entries(entry.line())) == [entry]
    assert len(entry.line().split(b" ")) == 6


LINES = st.one_of(
    st.sampled_from([*OURS.values(), *(line for text in NOT_OURS.values() for line in text.split(b"\n"))]),
    st.binary(max_size=40).filter(lambda line: b"\n" not in line),
)


@settings(max_examples=150)
@given(lines=st.lists(LINES, max_size=8), ended=st.booleans())
def test_any_file_keeps_every_byte_that_is_not_ours(lines: list[bytes], ended: bool) -> None:
    content = b"\n".join(lines) + (b"\n" if ended else b"")
    mine = {entry.number for entry in fstab.at(content, TARGET)}
    others = [line for number, line in enumerate(content.split(b"\n")) if number not in mine]
    after = fstab.with_line(content, ENTRY)
    assert len(fstab.at(after, TARGET)) == 1
    assert fstab.with_line(after, ENTRY) == after
    assert fstab.without(content, TARGET).split(b"\n") == (others or [b""])
    if mine:
        (number,) = [entry.number for entry in fstab.at(after, TARGET)]
        assert [line for position, line in enumerate(after.split(b"\n")) if position != number] == others
    else:
        assert fstab.without(after, TARGET) == content
