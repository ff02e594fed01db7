"""What is served between looks at a site, before the first and after one that failed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ical.calendar_stream import IcsCalendarStream
from prometheus_client.parser import text_string_to_metric_families

from homebackup.commands import watching
from homebackup.commands.watching import Watch
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.world.errors import Refused, Unreachable
from tests.cases.told_site import declared, troubled, well

AWAY = Unseen("host 10.0.0.50 does not answer", "switch it on")
PATHS = ("/", "/status.json", "/calendar.ics")
Look = Callable[[Site], SiteFacts]


class Looks:
    """Looks that are told beforehand how they end."""

    def __init__(self, *ends: Look | Exception) -> None:
        self.site, self.ends = declared(), list(ends)

    async def __call__(self) -> tuple[Site, SiteFacts]:
        end = self.ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return self.site, end(self.site)


def blind(site: Site) -> SiteFacts:
    return replace(
        well(site), jobs=AWAY, storages=AWAY, guests=AWAY, tasks=AWAY, dumps={site.storage.name: AWAY}, space={}
    )


def gauges(watch: Watch) -> dict[str, float]:
    text = watch.routes["/metrics"]().content.decode()
    return {s.name: s.value for family in text_string_to_metric_families(text) for s in family.samples}


def status(watch: Watch) -> Any:
    return json.loads(watch.routes["/status.json"]().content)


def html(watch: Watch) -> str:
    return watch.routes["/"]().content.decode()


def test_before_the_first_look_one_is_asked_to_come_back() -> None:
    watch = Watch(Looks())
    assert {watch.routes[path]().status for path in PATHS} == {503}
    assert gauges(watch) == {"homebackup_gather_success": 0}


async def test_why_there_is_nothing_yet_is_said_and_told_once() -> None:
    told: list[str] = []
    refused = Refused("site", "it is not declared", "declare it")
    watch = Watch(Looks(refused, refused, well, refused), told.append)
    await watch.once()
    await watch.once()
    assert watch.routes["/"]().status == 503
    assert b"it is not declared; declare it" in watch.routes["/"]().content
    assert told == ["looking at the site failed: site: it is not declared; declare it"]
    await watch.once()
    await watch.once()
    assert len(told) == 2


async def test_what_was_seen_is_told() -> None:
    watch = Watch(Looks(well))
    await watch.once()
    assert {watch.routes[path]().status for path in PATHS} == {200}
    assert status(watch)["worst"] == "well"
    assert status(watch)["unknown"] == []
    assert "All 5 backups are well" in html(watch)
    assert "failed" not in html(watch)
    calendar = IcsCalendarStream.calendar_from_ics(watch.routes["/calendar.ics"]().content.decode())
    assert "Backup p0" in {event.summary for event in calendar.events}
    assert gauges(watch)["homebackup_gather_success"] == 1
    age = watch.routes["/"]().age
    assert age is not None
    assert 0 <= age < 60


@pytest.mark.parametrize(
    "end",
    [Unreachable("pulumi", "it cannot be reached", "wait"), Refused("site", "a", "b"), RuntimeError("what"), blind],
)
async def test_a_look_that_fails_leaves_what_was_seen(end: Look | Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(Looks(troubled, end, well))
    await watch.once()
    seen = watch.told
    watch._seen -= 3 * 3600
    await watch.once()
    assert watch.told is seen
    assert "failed" in html(watch)
    assert "What is shown is 3 h old." in html(watch)
    assert "3 of 5 backups need you" in html(watch)
    assert "What is shown is 3 h old." in status(watch)["unknown"][-1]
    assert status(watch)["worst"] == "critical"
    assert gauges(watch)["homebackup_gather_success"] == 0
    assert 3 * 3600 <= gauges(watch)["homebackup_gather_age_seconds"] < 3 * 3600 + 60
    await watch.once()
    assert "failed" not in html(watch)
    assert gauges(watch)["homebackup_gather_age_seconds"] < 60


async def test_a_first_look_that_sees_nothing_is_told_as_that() -> None:
    watch = Watch(Looks(blind))
    await watch.once()
    assert status(watch)["worst"] == "unknown"
    assert "5 of 5 backups cannot be seen" in html(watch)
    assert gauges(watch)["homebackup_gather_success"] == 0


async def test_a_part_that_is_not_seen_is_no_failure() -> None:
    watch = Watch(Looks(well, lambda site: replace(well(site), dumps={site.storage.name: AWAY})))
    await watch.once()
    await watch.once()
    assert status(watch)["worst"] == "unknown"
    assert gauges(watch)["homebackup_gather_success"] == 1


async def test_a_look_that_hangs_is_given_up_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PATIENCE", 0.05)

    async def hang() -> tuple[Site, SiteFacts]:
        await asyncio.Event().wait()
        raise AssertionError

    watch = Watch(hang)
    looking = asyncio.create_task(watch.once())
    await asyncio.sleep(0)
    assert watch.routes["/"]().status == 503
    await looking
    assert "did not end" in watch.trouble


async def test_what_cannot_be_drawn_ends_no_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    watch = Watch(Looks(well, troubled, well), told.append)
    await watch.once()
    with monkeypatch.context() as broken:
        broken.setattr(watching.page, "html", lambda *_: 1 / 0)
        await watch.once()
    assert status(watch)["worst"] == "well", "what was drawn before stays"
    assert gauges(watch)["homebackup_gather_success"] == 0
    assert len(told) == 1
    await watch.once()
    assert gauges(watch)["homebackup_gather_success"] == 1


async def test_asking_starts_no_look() -> None:
    looks = Looks(well, well)
    watch = Watch(looks)
    await watch.once()
    for _ in range(10):
        for answer in watch.routes.values():
            answer()
    assert len(looks.ends) == 1


async def test_it_looks_again_and_again() -> None:
    looks = Looks(well, Refused("a", "b", "c"), well)
    watch = Watch(looks)
    keeping = asyncio.create_task(watch.keep(0.01))
    async with asyncio.timeout(60):
        while looks.ends:  # noqa: ASYNC110 -- the watch tells nobody
            await asyncio.sleep(0.01)
    keeping.cancel()
    assert watch.told is not None
