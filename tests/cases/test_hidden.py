"""What is secret in a resource, and texts without it."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.model.declare import UNKNOWN
from homebackup.model.hidden import Hidden, clean
from homebackup.model.steps import Call, Plan, Run, Step, Write
from homebackup.resources import RESOURCES

JOB = RESOURCES["VzdumpJob"]

CLEANED: dict[str, tuple[str, set[str], str]] = {
    "nothing secret": ("a text", set(), "a text"),
    "anywhere in a word": ("xsecretx", {"secret"}, "x[secret]x"),
    "one inside another": ("key and keyring", {"keys", "keyring"}, "key and [secret]"),
    "the longer one first": ("keyring", {"keyr", "keyring"}, "[secret]"),
    "a short one only where it stands alone": ("10.0.0.1 or 100 or 1000", {"100"}, "10.0.0.1 or [secret] or 1000"),
    "what means something in a pattern": ("a (b.c)*", {"(b.c)*"}, "a [secret]"),
}


@pytest.mark.parametrize(("text", "secrets", "left"), CLEANED.values(), ids=CLEANED.keys())
def test_cleaned(text: str, secrets: set[str], left: str) -> None:
    assert clean(text, secrets) == left


TEXTS: dict[str, tuple[Any, set[str]]] = {
    "a text": ("quiet", {"quiet"}),
    "a number": (5000, {"5000"}),
    "a list": (["/a", "/b"], {"/a", "/b"}),
    "a set": (frozenset({100, 102}), {"100", "102"}),
    "a mapping": ({"keep-last": 3}, {"3"}),
    "a yes": (True, set()),
    "nothing": (None, set()),
    "unknown yet": (UNKNOWN, set()),
}


@pytest.mark.parametrize(("value", "texts"), TEXTS.values(), ids=TEXTS.keys())
def test_the_texts_that_would_tell(value: Any, texts: set[str]) -> None:
    assert Hidden.of(JOB.fields, {"prune_backups"}, {"prune_backups": value, "comment": "plain"}).texts == texts


def test_a_key_is_hidden_in_no_text() -> None:
    hidden = Hidden.of(JOB.fields, {"job", "comment"}, {"job": "nightly", "comment": "one"}).also(
        JOB.fields, {"comment": "other"}
    )
    assert hidden.names == {"job", "comment"}
    assert hidden.parameters == {"comment"}
    assert hidden.texts == {"one", "other"}


STEPS: dict[str, tuple[Step, list[str], set[str]]] = {
    "a call": (Call("POST", "/x", {"comment": "quiet", "id": "a"}), ["POST /x comment=[secret] id=a"], {"quiet"}),
    "a call without it": (Call("DELETE", "/x"), ["DELETE /x"], set()),
    "a command": (Run(("say", "quiet!")), ["# say '[secret]!'"], {"quiet"}),
    "a file": (Write("/x", b"a: quiet\n", b"a: b\n"), ["edit /x", "  - a: [secret]", "  + a: b"], {"quiet"}),
}


@pytest.mark.parametrize(("step", "lines", "secrets"), STEPS.values(), ids=STEPS.keys())
def test_a_step_that_hides(step: Step, lines: list[str], secrets: set[str]) -> None:
    hidden = Hidden.of(JOB.fields, {"comment"}, {"comment": "quiet"})
    plan = Plan((step,), (step,)).hiding(hidden)
    assert plan.lines() == lines
    assert set(plan.steps[0].secrets()) == secrets
    assert plan.undo == plan.steps
