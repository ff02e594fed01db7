"""Texts that may hold anything, made fit to be printed, stored or quoted; and findings as lines."""

from __future__ import annotations

import json

import pytest

from homebackup.commands.printing import document, say
from homebackup.model.finding import Finding
from homebackup.model.plain import control, one_line, plain, printable

HOSTILE = "a\x1b[31m\tb\u202e\x9b\ud800\u2028c\n\x7fd"


@pytest.mark.parametrize("text", ["", "plain", "Größe € 日本", "a\u202eb", "soft\u00adhyphen"])
def test_a_text_without_a_control_character_is_taken(text: str) -> None:
    assert printable(text) == text
    assert control(text) is None


@pytest.mark.parametrize("char", ["\x00", "\n", "\t", "\x1b", "\x7f", "\x85", "\ud800"], ids=ascii)
def test_a_control_character_is_named_by_its_place(char: str) -> None:
    assert control(f"ab{char}") == 2
    with pytest.raises(ValueError, match="has a control character at position 2"):
        printable(f"ab{char}")


def test_what_is_printed_does_nothing_to_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert plain(HOSTILE) == "a\ufffd[31m\tb\ufffd\ufffd\ufffd\ufffdc\n\ufffdd"
    say(HOSTILE)
    say(HOSTILE, err=True, end="")
    said = capsys.readouterr()
    assert said.out == plain(HOSTILE) + "\n"
    assert said.err == plain(HOSTILE)


def test_a_quoted_text_is_one_line() -> None:
    assert one_line(HOSTILE) == "a [31m b c d"
    assert one_line("x" * 5, 3) == "xxx…"


def test_a_document_has_what_could_not_be_seen_beside_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    document("drift", [{"name": "ä\x1b"}], ["the NAS"], inUse=[])
    said = capsys.readouterr().out
    assert json.loads(said) == {"drift": [{"name": "ä\x1b"}], "unknown": ["the NAS"], "inUse": []}
    assert "ä" in said
    assert "\x1b" not in said


def test_a_finding_is_one_sentence_and_its_commands() -> None:
    assert Finding("nas", "unknown", "x", "y", "do z").lines == ["unknown: x: y; do z"]
    assert Finding("nas", "note", "x", "these", "", ("a", "b")).lines == ["x: these:", "  a", "  b"]
