"""Everything recorded of Proxmox VE against the lab and the rules: `python -m tests.lab.conformance`.

The last line counts: `N passed, 0 failed, K listed`. The API is sent over https to a lab in a process of its own, with
reason phrases compared; command lines go to the simulated host; schedules and prunes are reckoned by `pverules`.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from lab.box import Box
from pverules.prune import mark
from pverules.retention import Retention
from tests.cases import test_calendar_recording as calendar
from tests.cases import test_prune as prune
from tests.lab import cli_replay, replay


@dataclass
class Count:
    """What came of one recording."""

    name: str
    passed: int = 0
    listed: int = 0
    differing: list[str] = field(default_factory=list)


async def api(box: Box) -> Count:
    """Requests of `cases.jsonl` and `restore.jsonl`, with reason phrases."""
    ready = box.ready()
    lines = [case for name in ("cases.jsonl", "restore.jsonl") for case in replay.cases(replay.RECORDINGS / name)]
    client = replay.Client(ready["api"]["url"], ready["api"]["password"])
    control = ready["control"]["url"]
    report = await asyncio.to_thread(replay.replay, lines, client, control, strict=True, listed=replay.not_reproduced())
    needless = [f"{name}: listed, and yet the same" for name in report.needless]
    return Count("API requests", len(report.passed), len(report.listed), report.differing + needless)


async def commands(box: Box) -> Count:
    """Command lines of `cli.jsonl`."""
    report = await cli_replay.replay(cli_replay.rows(), box, cli_replay.not_reproduced())
    needless = [f"{name}: listed, and yet the same" for name in report.needless]
    return Count("command lines", len(report.passed), len(report.listed), report.differing + needless)


def schedules() -> Count:
    """Rows of `calendar.jsonl`: accepted or refused in the same words, and the same next runs."""
    count = Count("schedules")
    for row in calendar.rows():
        event, error = calendar.parsed(row["expr"])
        runs = calendar.following(event, row["from"], ZoneInfo(row["tz"])) if event else []
        if error == row["error"] and (event is None or runs in (row["next"], row.get("next_alt"))):
            count.passed += 1
        else:
            count.differing.append(f"{row['id']} {row['expr']!r} in {row['tz']}: {error or runs}, not {row['next']}")
    return count


def prunes() -> Count:
    """Decisions of `prune.jsonl`, mark by mark."""
    count = Count("prune decisions")
    for row in prune.rows():
        got = mark(prune.archives(row), Retention.parse(row["keep"]), ZoneInfo(row["timezone"]))
        if got == row["marks"]:
            count.passed += 1
        else:
            count.differing.append(f"{row['id']}: {got}, not {row['marks']}")
    return count


async def run() -> list[Count]:
    """Replay everything, each on the recorded node as it was."""
    with tempfile.TemporaryDirectory() as folder:
        box = Box(Path(folder) / "lab", fixture="conformance", patience=0, delay=0)
        await box.start()
        try:
            lab = [await api(box), await commands(box)]
        finally:
            await box.stop()
    return [*lab, schedules(), prunes()]


def main() -> int:
    """Print a line a recording and the sum; 1 when anything differs."""
    counts = asyncio.run(run())
    for count in counts:
        for text in count.differing:
            sys.stdout.write(f"{text}\n")
        sys.stdout.write(
            f"{count.name}: {count.passed} as recorded, {len(count.differing)} not, {count.listed} listed\n"
        )
    passed, listed = sum(c.passed for c in counts), sum(c.listed for c in counts)
    failed = sum(len(c.differing) for c in counts)
    sys.stdout.write(f"{passed} passed, {failed} failed, {listed} listed\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
