"""What is kept of verifications, and which of them still tells of an archive."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from homebackup.assess.verifying import Checked, in_order, is_due, kept, looked, newest, read_through
from homebackup.model.backups.archive import Archive
from homebackup.model.backups.reading import away, read_samples
from homebackup.model.backups.sample import Sample
from homebackup.model.backups.verification import DEEP, QUICK, Verified, last_verified, merged
from homebackup.model.backups.whole import Whole, progress, read_whole
from homebackup.model.seen import Unseen
from homebackup.world.errors import Refused
from homebackup.world.verified import keep, results

NAME = "vzdump-qemu-100-2026_11_08-02_00_00.vma.zst"
ARCHIVE = Archive("nas", NAME, "qemu", 100, 1_794_099_600, 50, 1000.0, None, False, "/dump")
QUICKLY = Verified("nas", NAME, 50, 1000.0, QUICK, "good", "", "d", "", 10.0)
DEEPLY = replace(QUICKLY, depth=DEEP, sha256="s", time=5.0)


@pytest.mark.parametrize(
    ("results", "last"),
    [
        ([], None),
        ([QUICKLY], QUICKLY),
        ([QUICKLY, DEEPLY], DEEPLY),
        ([replace(QUICKLY, state="bad"), DEEPLY], replace(QUICKLY, state="bad")),
        ([replace(QUICKLY, digest="other"), DEEPLY], replace(QUICKLY, digest="other")),
        ([QUICKLY, replace(DEEPLY, state="bad", time=20.0)], replace(DEEPLY, state="bad", time=20.0)),
        ([replace(QUICKLY, name="other")], None),
        ([replace(QUICKLY, storage="other")], None),
        ([replace(QUICKLY, size=51)], None),
        ([replace(QUICKLY, written=2000.0)], None),
        ([replace(QUICKLY, written=1001.5)], replace(QUICKLY, written=1001.5)),
        ([replace(QUICKLY, written=None)], replace(QUICKLY, written=None)),
    ],
)
def test_the_last_verification_of_this_very_file(results: list[Verified], last: Verified | None) -> None:
    assert last_verified(results, ARCHIVE) == last


def test_a_line_gives_back_what_went_in_and_others_give_nothing() -> None:
    assert Verified.read(QUICKLY.line()) == QUICKLY
    assert Verified.read(replace(QUICKLY, written=None).line()) == replace(QUICKLY, written=None)
    for line in ("", "{}", "[1]", "no", '"x"', QUICKLY.line().replace("50", '"50"'), QUICKLY.line()[:-3]):
        assert Verified.read(line) is None


def test_of_each_archive_and_depth_the_newest_is_kept() -> None:
    later = replace(QUICKLY, time=30.0)
    assert merged([QUICKLY, DEEPLY], [later]) == [DEEPLY, later]


async def test_a_file_of_results(tmp_path: Path) -> None:
    file = tmp_path / "new" / "verified.jsonl"
    assert results(file) == []
    one_each = [replace(QUICKLY, name=f"{n}{NAME}", time=float(n)) for n in range(12)]
    await asyncio.gather(*(keep(file, [one]) for one in one_each))
    assert results(file) == one_each
    file.write_text(file.read_text() + "torn {\n")
    assert results(file) == one_each
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused, match="cannot be written"):
        await keep(tmp_path / "file" / "verified.jsonl", one_each)
    with pytest.raises(Refused, match="cannot be read"):
        results(tmp_path)


def test_the_newest_of_each_guest_come_first() -> None:
    def made(vmid: int, time: int) -> Archive:
        return replace(ARCHIVE, vmid=vmid, time=time)

    every = [made(1, 10), made(1, 30), made(2, 20), made(2, 5), made(1, 20)]
    assert [(one.vmid, one.time) for one in in_order(every)] == [(1, 30), (2, 20), (1, 20), (2, 5), (1, 10)]
    assert {(one.vmid, one.time) for one in newest(every)} == {(1, 30), (2, 20)}


GOOD = Checked(ARCHIVE, "good", digest="d", read=7)


def test_content_that_changed_under_the_same_size_and_time_is_bad() -> None:
    found = read_through(GOOD, Whole("other"), [DEEPLY])
    assert (found.state, found.depth) == ("bad", DEEP)
    assert found.said == "its content changed since it was first verified on 1970-01-01, though nobody wrote it"
    assert read_through(GOOD, Whole("s"), [DEEPLY]).state == "good"
    assert read_through(GOOD, Whole("other"), [replace(DEEPLY, written=1.0)]).state == "good"
    again = kept(found, [DEEPLY], 99.0)
    assert (again.state, again.digest, again.sha256) == ("bad", "d", "s")
    assert read_through(GOOD, Whole("other"), [again]).state == "bad"


def test_what_was_bad_when_all_of_it_was_read_stays_bad_until_all_of_it_is_good() -> None:
    first = kept(GOOD, [], 1.0)
    deep = kept(read_through(GOOD, Whole("s", "what is in it is damaged"), []), [], 2.0)
    known = merged([first, deep], [kept(GOOD, [first, deep], 3.0)])
    assert last_verified(known, ARCHIVE) == deep
    mended = kept(read_through(GOOD, Whole("s"), known), known, 4.0)
    assert last_verified(merged(known, [mended]), ARCHIVE) == mended


def test_what_was_bad_from_the_beginning_is_no_measure() -> None:
    empty = looked(replace(ARCHIVE, size=0), Sample(0, b"", b""), None, [])
    assert (empty.state, kept(empty, [], 1.0).digest) == ("bad", "")


def test_what_could_not_be_read_stays_due() -> None:
    unread = read_through(GOOD, Unseen("it cannot be read"), [])
    assert (unread.state, unread.said) == ("unknown", "it cannot be read")
    assert is_due(GOOD, [QUICKLY])
    assert not is_due(GOOD, [DEEPLY])
    assert is_due(GOOD, [replace(DEEPLY, state="bad")])
    assert not is_due(unread, [])


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("silent\n", away("nas")),
        ("at 1\n", Unseen("its reading ended early", "run this again")),
        ("", Unseen("its reading ended early", "run this again")),
        ("at 1\n{0}feed 124\nunpack 0\nlook 0\nsum a  -\n", away("nas")),
        ("at 1\n{0}feed 0\nunpack 0\nlook 0\nsum a  -\n", Whole("a")),
        ("{0}feed 0\nunpack 0\nlook 2\nsum a  -\n", Whole("a", "what is in it is damaged (exit code 2)")),
        (
            "dd RUlP\nunpack.said \nlook.said \nfeed 1\nunpack 1\nlook 2\nsum a  -\n",
            Unseen("it cannot be read (EIO)", "see whether the NAS is well, and run this again"),
        ),
        (
            "dd \nunpack.said bm9uZQ==\nlook.said \nfeed 0\nunpack 127\nlook 2\nsum a  -\n",
            Unseen("the host lacks a program to read it (none)", "install it there"),
        ),
    ],
)
def test_what_the_reading_of_a_whole_archive_says(lines: str, found: Whole | Unseen) -> None:
    assert read_whole(lines.format("dd \nunpack.said \nlook.said \n"), "nas") == found


def test_progress_is_told_by_whole_lines() -> None:
    assert [progress(text) for text in ("", "at 1", "at 1\nat 22", "at 1\nat 2\ndd \n")] == [0, 0, 1, 2]


def test_samples_that_did_not_come() -> None:
    output = "end 1\nend 124\n5\nYQ==\n\n\nend 0\nsilent\n"
    said = [getattr(found, "said", "") for found in read_samples(output, 5, "nas")]
    assert said[:3] == ["it is gone, or is no file", "it cannot be read in time", "it cannot be read"]
    assert said[3:] == [away("nas").said] * 2


def test_a_quick_check_that_sees_no_end_says_so() -> None:
    named = replace(GOOD, archive=replace(ARCHIVE, name=ARCHIVE.name.rpartition(".")[0] + ".lzo"))
    assert named.line(ZoneInfo("UTC")).endswith("read, which does not see the end of a .lzo file: --deep does")
    assert replace(named, depth="deep").line(ZoneInfo("UTC")).endswith("all of it read")
    assert GOOD.line(ZoneInfo("UTC")).endswith(" read")
