"""Prune marks against 168 decisions of Proxmox's own code, and how a storage lists its archives."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from pverules.archive_name import ArchiveName, listed
from pverules.prune import Archive, mark
from pverules.retention import PERIODS, Retention

RECORDING = Path(__file__).parents[1] / "lab" / "recordings" / "prune.jsonl"
BERLIN = ZoneInfo("Europe/Berlin")


@cache
def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDING.read_text(encoding="utf-8").splitlines()]


def archives(row: dict[str, Any]) -> list[Archive]:
    return [Archive(entry["volid"], entry["ctime"], entry["protected"]) for entry in row["archives"]]


def test_every_mark_is_the_recorded_one() -> None:
    disagreements = []
    marks = 0
    for row in rows():
        got = mark(archives(row), Retention.parse(row["keep"]), ZoneInfo(row["timezone"]))
        marks += len(got)
        if got != row["marks"]:
            disagreements.append((row["id"], {volid: (got.get(volid), want) for volid, want in row["marks"].items()}))
    assert disagreements == []
    assert len(rows()) == 168
    assert marks == sum(len(row["marks"]) for row in rows())


def test_every_name_is_read_as_recorded() -> None:
    disagreements: list[tuple[object, ...]] = []
    for row in rows():
        for entry in row["archives"]:
            file = listed(entry["volid"].rpartition("/")[2])
            vmid = None if entry["vmid"] is None else int(entry["vmid"])
            if file is None or (file.subtype, file.vmid) != (entry["type"], vmid):
                disagreements.append((row["id"], entry, file))
            elif file.archive and file.archive.epoch(ZoneInfo(row["timezone"])) != entry["ctime"]:
                disagreements.append((row["id"], row["timezone"], entry, file))
    assert disagreements == []


def test_the_order_of_the_archives_does_not_matter() -> None:
    for row in rows()[::7]:
        zone, keep = ZoneInfo(row["timezone"]), Retention.parse(row["keep"])
        assert mark(reversed(archives(row)), keep, zone) == mark(archives(row), keep, zone)


def test_a_kept_archive_does_not_use_up_the_next_period() -> None:
    days = [Archive(f"nas:backup/vzdump-lxc-103-2026_05_0{day}-02_00_00.tar", day * 86400) for day in range(1, 6)]
    marks = mark(days, Retention(last=2, daily=2), ZoneInfo("UTC"))
    assert list(marks.values()) == ["remove", "keep", "keep", "keep", "keep"]


retentions = st.builds(Retention, **{period: st.integers(0, 4) for period in PERIODS})
moments = st.lists(st.integers(1_750_000_000, 1_800_000_000), min_size=1, max_size=30, unique=True)


@settings(max_examples=100, deadline=None)
@given(retentions, moments)
def test_the_newest_is_kept_and_no_more_than_counted(keep: Retention, times: list[int]) -> None:
    names = {f"nas:backup/{ArchiveName.at('qemu', 100, time, BERLIN, 'vma.zst')}": time for time in times}
    marks = mark([Archive(volid, time) for volid, time in names.items()], keep, BERLIN)
    kept = [volid for volid, decided in marks.items() if decided == "keep"]
    assert max(names, key=lambda volid: names[volid]) in kept
    assert keep.keeps_all or len(kept) <= sum(keep.counts.values())
    assert set(marks) == set(names)
