"""Retentions in one normal form, and the property strings they are written in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pverules import property_string
from pverules.property_string import InvalidPropertyString
from pverules.retention import PERIODS, InvalidRetention, Retention


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("keep-last=3,keep-daily=7", "keep-last=3,keep-daily=7"),
        ("keep-daily=7,keep-last=3", "keep-last=3,keep-daily=7"),
        ({"keep-last": "3"}, "keep-last=3"),
        ({"last": 3, "weekly": 0}, "keep-last=3"),
        ("keep-last=0", "keep-all=1"),
        ("keep-all=1", "keep-all=1"),
        ("keep-all=0", "keep-all=1"),
        ({"keep-all": 1}, "keep-all=1"),
        ("keep-all=1,keep-last=0", "keep-all=1"),
        ("keep-all=0,keep-last=3", "keep-last=3"),
        (None, "keep-all=1"),
        ("", "keep-all=1"),
    ],
)
def test_equal_retentions_have_one_normal_form(given: str | dict[str, object] | None, normal: str) -> None:
    assert str(Retention.parse(given)) == normal
    assert Retention.parse(given) == Retention.parse(normal)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("keep-all=1,keep-last=1", "keep-all cannot be set together with other options."),
        ("keep-foo=1", "keep-foo: Proxmox VE knows no such retention"),
        ("keep-last=x", "keep-last: 'x' is no whole number"),
        ("keep-last=-1", "keep-last: -1 is below zero"),
        ({"keep-last": True}, "keep-last: True is no whole number"),
        ("keep-all=maybe", "keep-all: 'maybe' is neither true nor false"),
        ("3", "value without key"),
    ],
)
def test_an_unclear_retention_is_refused_with_a_reason(given: str | dict[str, object], words: str) -> None:
    with pytest.raises(InvalidRetention, match=words.replace(".", r"\.")):
        Retention.parse(given)


@given(st.builds(Retention, **{period: st.integers(0, 99) for period in PERIODS}))
def test_a_retention_survives_its_text_and_its_options(retention: Retention) -> None:
    assert Retention.parse(str(retention)) == retention
    assert Retention.parse(retention.options) == retention


@pytest.mark.parametrize(
    ("text", "default_key", "values"),
    [
        ("keep-last=3,keep-daily=7", None, {"keep-last": "3", "keep-daily": "7"}),
        ("1,storage=x", "enabled", {"enabled": "1", "storage": "x"}),
        ("virtio=BC:24:11:2E:00:01,bridge=vmbr0", "model", {"virtio": "BC:24:11:2E:00:01", "bridge": "vmbr0"}),
        ("a=b=c", None, {"a": "b=c"}),
        (" ,a=1,", None, {"a": "1"}),
    ],
)
def test_a_property_string_is_read(text: str, default_key: str | None, values: dict[str, str]) -> None:
    assert property_string.parse(text, default_key) == values


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3", "value without key, but schema does not define a default key"),
        ("a=1,a=2", "duplicate key in comma-separated list property: a"),
        ("=1", "missing key in comma-separated list property"),
    ],
)
def test_a_broken_property_string_is_refused_in_proxmox_words(text: str, words: str) -> None:
    with pytest.raises(InvalidPropertyString, match=words):
        property_string.parse(text)


def test_a_property_string_is_written_in_one_order() -> None:
    assert property_string.render({"storage": "x", "enabled": True}, "enabled") == "1,storage=x"
    assert property_string.render({"b": 1, "a": None, "c": 2}, order=("c",)) == "c=2,b=1"
    with pytest.raises(InvalidPropertyString, match="comma"):
        property_string.render({"a": "1,2"})


words = st.text(st.characters(whitelist_categories=("L", "N"), whitelist_characters="-_.:/"), min_size=1)


@given(st.dictionaries(words, words))
def test_any_values_survive_a_property_string(values: dict[str, str]) -> None:
    assert property_string.parse(property_string.render(values)) == values
