"""Receipts: what lines of a journal come to, run by run."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from homebackup.model.receipts import Entry, Receipt, markdown, receipts

JOB, STORAGE = "vzdump job nightly", "storage nas"


def entry(event: str, *, run: str = "one", resource: str = JOB, second: int = 0, **said: Any) -> Entry:
    time = f"2026-11-22T03:00:{second:02}.000+00:00"
    made = Entry(time, run, "pulumi", "home", resource, event, "cupboard", 7, **said)  # type: ignore[arg-type]
    read = Entry.read(made.line())
    assert read == made
    return made


def step(number: int, text: str, outcome: str | None = "done", **said: Any) -> list[Entry]:
    begun = entry("begin", number=number, step=text, undo=said.get("undo", False))
    return [begun] if outcome is None else [begun, entry("end", number=number, outcome=outcome, second=1, **said)]


def only(entries: list[Entry]) -> Receipt:
    (receipt,) = receipts(entries)
    return receipt


def test_a_run_in_which_all_went_well() -> None:
    plan = entry("plan", steps=("POST /cluster/backup id=nightly", "# true"))
    receipt = only([plan, *step(1, "POST /cluster/backup id=nightly"), *step(2, "# true")])
    (part,) = receipt.parts
    assert [done.outcome for done in part.done] == ["done", "done"]
    assert part.never_begun == ()
    assert markdown(receipt, UTC).splitlines() == [
        "## 2026-11-22 03:00:00 +0000: pulumi on stack home",
        "",
        "Run one, until 03:00:01; steps: 2 done.",
        "",
        "### vzdump job nightly",
        "",
        "Planned, as the preview shows it:",
        "",
        "```text",
        "POST /cluster/backup id=nightly",
        "# true",
        "```",
        "",
        "Done: all of it.",
    ]


def test_a_failure_that_was_taken_back() -> None:
    plan = entry("plan", steps=("edit /etc/fstab\n  + line", "# mount", "# chattr"))
    failed = step(2, "# mount", "failed", said="host pve: no; look")
    receipt = only([plan, *step(1, "edit /etc/fstab\n  + line"), *failed, *step(3, "edit /etc/fstab", undo=True)])
    assert (receipt.having("done"), receipt.having("failed")) == (2, 1)
    (part,) = receipt.parts
    assert part.never_begun == ("# chattr",)
    text = markdown(receipt, UTC)
    for title, inside in {
        "Done:": "edit /etc/fstab",
        "Failed:": "# mount",
        "Taken back:": "edit /etc/fstab",
        "Never begun:": "# chattr",
    }.items():
        assert f"{title}\n\n```text\n{inside}\n```" in text
    assert "```\n\nhost pve: no; look" in text


def test_a_begin_without_an_end_was_cut_off() -> None:
    entries = [entry("plan", steps=("# a", "# b")), *step(1, "# a", None)]
    text = markdown(only(entries), UTC)
    assert "steps: 1 cut off" in text
    assert "Cut off in the middle, so it may or may not have been done:\n\n```text\n# a\n```" in text
    assert "Never begun:\n\n```text\n# b\n```" in text
    running = markdown(only(entries), UTC, running=True)
    assert "steps: 1 in the middle" in running
    assert "Begun, and not ended yet:" in running


def test_a_lost_answer_and_what_was_found_afterwards() -> None:
    text = markdown(
        only([*step(1, "PUT /storage/nas", "unknown", said="lost"), entry("verdict", said="it was done all the same")]),
        UTC,
    )
    assert "The answer was lost, so it may or may not have been done:\n\n```text\nPUT /storage/nas\n```\n\nlost" in text
    assert "Afterwards: it was done all the same" in text


def test_runs_stay_apart_and_a_second_plan_is_a_second_part() -> None:
    mixed = [
        entry("plan", steps=("# a",)),
        entry("plan", run="two", resource=STORAGE, steps=("# b",)),
        entry("begin", number=1, step="# a"),
        entry("begin", run="two", resource=STORAGE, number=1, step="# b"),
        entry("end", run="two", resource=STORAGE, number=1, outcome="done"),
        entry("end", number=1, outcome="failed", said="changed meanwhile"),
        entry("plan", steps=("# a again",)),
    ]
    one, two = receipts(mixed)
    assert [part.planned for part in one.parts] == [("# a",), ("# a again",)]
    assert [[d.outcome for d in part.done] for part in one.parts] == [["failed"], []]
    assert [[d.outcome for d in part.done] for part in two.parts] == [["done"]]


def test_what_is_no_entry_is_none() -> None:
    for line in ("", "{", "[]", "3", '{"time": "yesterday"}', '{"time": 1, "run": "a", "by": "b"}', "\ufffd"):
        assert Entry.read(line) is None
    whole = entry("begin", step="# a").line()
    for cut in range(len(whole)):
        assert Entry.read(whole[:cut]) is None


def test_an_entry_of_a_later_version_is_read_as_far_as_it_is_understood() -> None:
    line = entry("begin", step="# a").line()
    assert Entry.read(line[:-1] + ', "colour": "blue"}') == entry("begin", step="# a")


def test_no_text_escapes_its_block_or_reaches_the_terminal() -> None:
    text = markdown(only([entry("plan", steps=("edit /etc/fstab\n  + ```\n  + \x1b[2J\u202e",))]), UTC)
    assert "````text\nedit /etc/fstab\n  + ```\n  + \ufffd[2J\ufffd\n````" in text
