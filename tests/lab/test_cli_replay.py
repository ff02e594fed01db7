"""The commands of the lab's host against what Proxmox VE's own printed, row by row."""

from __future__ import annotations

import pytest

from lab.box import Box
from tests.lab.cli_replay import Row, not_reproduced, replay, rows


def groups() -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows():
        found.setdefault(row["group"], []).append(row)
    return found


GROUPS = groups()


@pytest.mark.conformance
@pytest.mark.parametrize("group", GROUPS)
async def test_every_recorded_command_prints_and_exits_alike(group: str, box: Box) -> None:
    report = await replay(GROUPS[group], box, not_reproduced())
    assert not report.differing, "\n".join(report.differing)
    assert not report.needless, f"listed in not_reproduced_cli.yaml, and yet the same: {report.needless}"


def test_every_listed_row_exists_and_has_a_reason() -> None:
    listed = not_reproduced()
    assert listed.keys() <= {row["id"] for row in rows() if "argv" in row}
    assert all(listed.values())
