"""The truth table of Home Assistant's own backups: all that tells of them has to agree, else which does not is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homebackup.assess.app import apps
from homebackup.assess.verdict import Verdict
from homebackup.model.backups.facts import AppFile, SiteFacts
from homebackup.model.backups.home_assistant import Backup, HomeAssistantFacts, read
from homebackup.model.seen import Unseen
from homebackup.model.site import read_site
from tests.cases.sites import with_changes

NOW = 1_795_000_000.0
HOUR = 3600.0
NAS = "hassio.nas_backups"


def backup(hours: float, size: int = 300 << 20, agent: str = NAS, **more: Any) -> Backup:
    written = NOW - hours * HOUR
    return Backup(f"{hours:g}", f"Automatic backup of {hours:g} h ago", written, {agent: size}, **more)


NIGHTS = tuple(backup(hours) for hours in (55, 31, 7))
WELL = HomeAssistantFacts(
    agents=frozenset({NAS}),
    scheduled=True,
    offered=frozenset({NAS, "hassio.local"}),
    attempted=NOW - 7 * HOUR,
    completed=NOW - 6.5 * HOUR,
    mounts={NAS: "active"},
    backups=NIGHTS,
)
OFF = Unseen("Home Assistant at http://10.0.0.100:8123: no connection", "see that it runs")
LAST = AppFile("Automatic_backup_2025.4.4_2026-11-22_05.00_1.tar", 300 << 20, NIGHTS[-1].written)


def verdict(seen: HomeAssistantFacts | Unseen | None, files: tuple[AppFile, ...] | None = None) -> Verdict:
    site = read_site(with_changes({}))
    told = {} if files is None else {"home-assistant": files}
    facts = SiteFacts(NOW, "Europe/Vienna", "ssh", home_assistant=seen, apps=told)
    return next(verdict for verdict in apps(site, facts) if verdict.name == "app home-assistant")


TABLE: dict[str, tuple[HomeAssistantFacts | Unseen, str, str]] = {
    "all agrees": (WELL, "OK", "backed up 7 h ago"),
    "it is off": (OFF, "UNKNOWN", "no connection"),
    "no schedule": (replace(WELL, scheduled=False), "UNPROTECTED", "its settings make no automatic backup"),
    "no place": (replace(WELL, agents=frozenset()), "UNPROTECTED", "its settings make no automatic backup"),
    "another place than declared": (
        replace(WELL, agents=frozenset({"hassio.local"})),
        "UNPROTECTED",
        f"its settings send no backup to {NAS}",
    ),
    "a mount that failed": (
        replace(WELL, mounts={NAS: "failed"}),
        "FAILED",
        "its network storage nas_backups is failed",
    ),
    "an agent that disappeared": (
        replace(WELL, offered=frozenset({"hassio.local"})),
        "FAILED",
        f"{NAS}, where its backups go, is not there",
    ),
    "an agent that cannot be asked": (replace(WELL, errors={NAS: "timed out"}), "FAILED", "asked: timed out"),
    "no attempt yet": (
        replace(WELL, attempted=None, completed=None, backups=()),
        "STALE",
        "it has not made an automatic backup yet",
    ),
    "the last attempt failed": (
        replace(WELL, attempted=NOW - HOUR),
        "FAILED",
        "its last attempt, 60 min ago, failed; the last success was 6 h ago",
    ),
    "no attempt ever succeeded": (replace(WELL, completed=None), "FAILED", "7 h ago, failed; none ever succeeded"),
    "an attempt that still runs": (replace(WELL, attempted=NOW - HOUR, busy=True), "OK", "backed up 7 h ago"),
    "an attempt that did not get to the NAS": (
        replace(WELL, backups=(*NIGHTS[:2], backup(7, agent="hassio.local", failed=(NAS,)))),
        "FAILED",
        f"its newest backup did not get to {NAS}",
    ),
    "a success without a backup": (
        replace(WELL, backups=NIGHTS[:2]),
        "BROKEN",
        f"its last attempt, 7 h ago, succeeded, but the newest backup at {NAS} is of 31 h ago",
    ),
    "a success and no backup at all": (replace(WELL, backups=()), "BROKEN", f"succeeded, but {NAS} has none"),
    "backups by hand do not count": (
        replace(WELL, backups=(*NIGHTS[:2], backup(7, automatic=False))),
        "BROKEN",
        "is of 31 h ago",
    ),
    "an empty backup": (replace(WELL, backups=(*NIGHTS[:2], backup(7, size=0))), "BROKEN", "is empty"),
    "half the usual size": (
        replace(WELL, backups=(*NIGHTS[:2], backup(7, size=100 << 20))),
        "BROKEN",
        "is suspiciously small",
    ),
    "older than the threshold": (
        replace(WELL, attempted=NOW - 55 * HOUR, completed=NOW - 54 * HOUR, backups=NIGHTS[:1]),
        "STALE",
        "its newest backup is 2 days old, and may be 2 days",
    ),
}


@pytest.mark.parametrize(("seen", "state", "said"), TABLE.values(), ids=TABLE.keys())
def test_the_verdict(seen: HomeAssistantFacts | Unseen, state: str, said: str) -> None:
    found = verdict(seen)
    assert (found.state, found.counted) == (state, True)
    assert said in found.said


FILES: dict[str, tuple[tuple[AppFile, ...], str, str]] = {
    "the same newest": ((LAST,), "OK", "backed up 7 h ago"),
    "none": ((), "BROKEN", "but on the NAS there is no such file"),
    "an older newest": ((replace(LAST, written=NOW - 31 * HOUR - 1),), "OK", ""),
    "a much older newest": ((replace(LAST, written=NOW - 55 * HOUR),), "BROKEN", "there is another newest file"),
}


@pytest.mark.parametrize(("files", "state", "said"), FILES.values(), ids=FILES.keys())
def test_the_files_on_the_nas_where_somebody_looks(files: tuple[AppFile, ...], state: str, said: str) -> None:
    found = verdict(WELL, files)
    assert (found.state, said in found.said) == (state, True)


def test_where_nobody_asks_it_is_not_counted() -> None:
    found = verdict(None)
    assert (found.state, found.counted) == ("UNKNOWN", False)


def test_its_answers_are_read_whatever_the_version() -> None:
    config = {"create_backup": {"agent_ids": [NAS]}, "schedule": {"recurrence": "daily"}}
    entry = {"backup_id": "a", "name": "b", "date": "2026-11-22T05:00:00+01:00", "agents": {NAS: {"size": 7}}}
    info = {
        "last_attempted_automatic_backup": "2026-11-22T04:00:00+00:00",
        "last_completed_automatic_backup": None,
        "backups": [entry],
    }
    seen = read(config, info, {"agents": [{"agent_id": NAS}]}, {"mounts": [{"name": "nas_backups", "state": "active"}]})
    assert seen.backups[0].written == seen.attempted
    assert (seen.completed, seen.mounts, seen.backups[0].failed, seen.busy) == (None, {NAS: "active"}, (), False)
