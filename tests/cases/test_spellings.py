"""Every kind of value: each spelling has one normal form, and what does not fit is told why."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.model import kinds, options
from tests.cases import kind_spellings, option_spellings
from tests.cases.spelling import CONTROL, kinds_of, normal_form, reasons, rows, spoilt

KINDS = {**vars(kinds), **vars(options)}
GOOD = kind_spellings.GOOD | option_spellings.GOOD
BAD = kind_spellings.BAD | option_spellings.BAD
LISTS = kind_spellings.LISTS | option_spellings.LISTS


@pytest.mark.parametrize(("name", "given", "normal"), rows(GOOD))
def test_a_spelling_has_one_normal_form(name: str, given: Any, normal: Any) -> None:
    found = normal_form(KINDS[name], given)
    assert found == normal
    assert type(found) is type(normal)
    assert normal_form(KINDS[name], found) == found


@pytest.mark.parametrize(("name", "given", "said"), rows(BAD))
def test_what_does_not_fit_is_told_why(name: str, given: Any, said: str) -> None:
    found = reasons(KINDS[name], given)
    assert any(said in reason for reason in found), found


@pytest.mark.parametrize("bad", CONTROL, ids=ascii)
@pytest.mark.parametrize("name", GOOD)
def test_no_control_character_gets_through(name: str, bad: str) -> None:
    good = GOOD[name][0][0]
    for value in spoilt(sorted(normal_form(KINDS[name], good)) if name in LISTS else good, bad):
        assert reasons(KINDS[name], value)


TABLES = [(kinds, kind_spellings), (options, option_spellings)]


@pytest.mark.parametrize(("module", "told"), TABLES, ids=["kinds", "options"])
def test_every_kind_has_its_rows(module: Any, told: Any) -> None:
    assert kinds_of(module) == told.GOOD.keys() == told.BAD.keys()
    assert len(GOOD) == len(kind_spellings.GOOD) + len(option_spellings.GOOD)
