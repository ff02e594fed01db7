"""The lab's API against what Proxmox VE's own handlers answered, request by request."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lab.box import Box
from tests.lab.replay import RECORDINGS, Case, Client, cases, not_reproduced, replay

ALLOWED = 0.02
"""The part of the recorded cases that may be listed."""


def groups() -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for name in ("cases.jsonl", "restore.jsonl"):
        for case in cases(RECORDINGS / name):
            found.setdefault(case["group"], []).append(case)
    return found


GROUPS = groups()


@pytest.mark.conformance
@pytest.mark.parametrize("group", GROUPS)
async def test_every_recorded_case_is_answered_alike(group: str, box: Box) -> None:
    ready = box.ready()
    client = Client(ready["api"]["url"], ready["api"]["password"])
    report = await asyncio.to_thread(
        replay, GROUPS[group], client, ready["control"]["url"], strict=True, listed=not_reproduced()
    )
    assert not report.differing, "\n".join(report.differing)
    assert not report.needless, f"listed in not_reproduced.yaml, and yet the same: {report.needless}"


def test_few_cases_are_listed_and_all_of_them_exist() -> None:
    sent = {case["id"] for lines in GROUPS.values() for case in lines if "method" in case}
    listed = not_reproduced()
    assert listed.keys() <= sent
    assert len(listed) <= ALLOWED * len(sent)
    assert all(listed.values())


def test_the_labs_schemas_are_the_recorded_ones() -> None:
    lab = Path("lab/pve/parameters/recorded.json")
    assert (Path(__file__).parents[2] / lab).read_bytes() == (RECORDINGS / "parameters.json").read_bytes()
