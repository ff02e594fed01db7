"""Calendar events against 2,056 recorded answers of Proxmox's own calendar code."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pverules.calendar import CalendarEvent, InvalidSchedule, complaint, longest_gap, meaning, normalise

RECORDING = Path(__file__).parents[1] / "lab" / "recordings" / "calendar.jsonl"


@cache
def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDING.read_text(encoding="utf-8").splitlines()]


def parsed(text: str) -> tuple[CalendarEvent | None, str | None]:
    try:
        return CalendarEvent.parse(text), None
    except InvalidSchedule as error:
        return None, error.message


def following(event: CalendarEvent, start: int, zone: ZoneInfo) -> list[int]:
    """Six answers, each asked for from the one before, as the recording was made: they may go back in a fold."""
    answers: list[int] = []
    while len(answers) < 6:
        run = event.next_after(answers[-1] if answers else start, zone)
        if run is None:
            break
        answers.append(run)
    return answers


def test_every_text_is_accepted_or_refused_in_the_same_words() -> None:
    disagreements = [
        (row["id"], row["expr"], error, row["error"])
        for row in rows()
        if (error := parsed(row["expr"])[1]) != row["error"]
    ]
    assert disagreements == []
    assert len(rows()) == 2056
    assert sum(not row["ok"] for row in rows()) == 585


def test_every_next_run_is_the_recorded_one() -> None:
    compared = 0
    disagreements = []
    for row in rows():
        event, _ = parsed(row["expr"])
        if event is None:
            continue
        compared += 1
        runs = following(event, row["from"], ZoneInfo(row["tz"]))
        if runs not in (row["next"], row.get("next_alt")):
            disagreements.append((row["id"], row["expr"], row["tz"], runs, row["next"]))
    assert disagreements == []
    assert compared == 1471


def test_every_field_holds_the_recorded_values() -> None:
    disagreements: list[tuple[object, ...]] = []
    for row in rows():
        event, _ = parsed(row["expr"])
        if event is None:
            continue
        for name in ("year", "month", "day", "hour", "minute", "second"):
            spans = [(span.start, span.end, span.step) for span in getattr(event.parts, name).spans]
            wanted = [recorded_span(value) for value in row["parsed"][name]]
            if spans != wanted:
                disagreements.append((row["id"], row["expr"], name, spans, wanted))
        if event.parts.utc != row["parsed"]["utc"]:
            disagreements.append((row["id"], row["expr"], "utc", event.parts.utc, row["parsed"]["utc"]))
    assert disagreements == []


def recorded_span(value: dict[str, int | None]) -> tuple[int | None, int | None, int | None]:
    """A recorded value in our form: a step of 0 leaves only the start."""
    if "value" in value:
        return value["value"], value["value"], 1
    if value.get("step") == 0:
        return value["from"], value["from"], 1
    return value["from"], value["to"], value.get("step", 1)


def test_every_normal_spelling_means_the_same() -> None:
    events = [event for row in rows() if (event := parsed(row["expr"])[0]) is not None]
    changed = [event.text for event in events if CalendarEvent.parse(normalise(event)) != event]
    unstable = [event.text for event in events if normalise(CalendarEvent.parse(normalise(event))) != normalise(event)]
    assert changed == []
    assert unstable == []


def test_every_normal_spelling_runs_when_the_original_ran() -> None:
    disagreements = []
    for row in rows():
        event, _ = parsed(row["expr"])
        if event is None:
            continue
        zone = ZoneInfo(row["tz"])
        again = following(CalendarEvent.parse(normalise(event)), row["from"], zone)
        if again != following(event, row["from"], zone):
            disagreements.append((row["id"], row["expr"], normalise(event)))
    assert disagreements == []


def test_a_complaint_wraps_the_recorded_words_around_the_original_text() -> None:
    refused = next(row for row in rows() if row["expr"] == "8:00 CET")
    assert complaint("8:00 CET") == f"invalid calendar event '8:00 CET' - {refused['error']}"
    assert complaint("8:00") is None


def test_every_sentence_about_a_schedule_names_it() -> None:
    for row in rows()[::4]:
        event, _ = parsed(row["expr"])
        if event is not None:
            said = meaning(event, ZoneInfo(row["tz"]), row["from"])
            assert all(sentence.startswith(f"{event.text}: ") for sentence in said)


def test_the_longest_gap_is_the_one_that_a_walk_finds() -> None:
    start, days = 1_767_225_600, 20
    disagreements = []
    for row in rows()[::11]:
        event, _ = parsed(row["expr"])
        zone = ZoneInfo(row["tz"])
        runs = list(event.runs(start, zone, until=start + days * 86400, limit=2000)) if event else []
        if event is None or len(runs) in (0, 2000):
            continue
        runs += event.runs(runs[-1], zone, limit=1)
        walked = max((later - earlier for earlier, later in pairwise(runs)), default=None)
        if longest_gap(event, start, zone, days) != walked:
            disagreements.append((row["id"], row["expr"], row["tz"], walked))
    assert disagreements == []
