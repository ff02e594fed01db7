"""The table: every section of Proxmox VE × every field × every transport."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.model.declare import Field, changes, https_only, replaces, root_only, written
from homebackup.model.spelling import wire_form
from homebackup.resources import RESOURCES
from tests.lifecycle.conftest import Bench, declared
from tests.lifecycle.samples import BASES, WITH, sections, two

ROWS = [pytest.param(kind, f, id=f"{kind}-{f.name}") for kind, f in sections()]
KINDS = [pytest.param(kind, id=kind) for kind in BASES]


def name_of(kind: str) -> str:
    return str(BASES[kind][RESOURCES[kind].key.name])


def changed(kind: str, f: Field, value: Any) -> dict[str, Any]:
    """The base with one field set to a value, and what has to change with it."""
    return BASES[kind] | (WITH.get(f.name, {}) if value not in (None, f.absent) else {}) | {f.name: value}


def differing(kind: str, one: Any, other: Any) -> set[str]:
    return set(changes(RESOURCES[kind], vars(one), vars(other)))


@pytest.mark.parametrize("kind", KINDS)
async def test_preview_writes_nothing(bench: Bench, kind: str) -> None:
    await bench.of(kind, name_of(kind)).create(declared(kind, BASES[kind]), preview=True)
    assert bench.writes() == []
    assert any("POST" in text for text in bench.said)


@pytest.mark.parametrize("kind", KINDS)
async def test_created_then_read_is_no_change(bench: Bench, kind: str) -> None:
    new = declared(kind, BASES[kind])
    lifecycle = bench.of(kind, name_of(kind))
    made = await lifecycle.create(new, preview=False)
    assert differing(kind, made, new) == set()
    assert differing(kind, await lifecycle.read({}), new) == set(), "an import sees the same"


@pytest.mark.parametrize("kind", KINDS)
async def test_removed_by_hand_is_absent_and_deleting_it_succeeds(bench: Bench, kind: str) -> None:
    new = declared(kind, BASES[kind])
    lifecycle = bench.of(kind, name_of(kind))
    await lifecycle.create(new, preview=False)
    await bench.by_hand.api.call("DELETE", f"{RESOURCES[kind].api}/{name_of(kind)}")
    assert await lifecycle.read(vars(new), fresh=True) is None
    await lifecycle.delete(vars(new))
    await lifecycle.update(vars(new), new, preview=False)
    assert await lifecycle.read(vars(new), fresh=True) is not None, "what was removed by hand is made again"
    await lifecycle.delete(vars(new))
    assert await lifecycle.read(vars(new), fresh=True) is None


@pytest.mark.parametrize(("kind", "f"), ROWS)
async def test_each_field(bench: Bench, kind: str, f: Field) -> None:
    """Changed alone it is one write of exactly that, by hand it is seen alone, dropped it leaves the server."""
    if root_only in f.marks and not bench.site.root_options:
        return  # test_a_token_is_told_before_anything_is_created
    if https_only in f.marks and bench.site.connection.api == "ssh":
        return  # test_pvesh_cannot_say_quiet
    if replaces in f.marks:
        first, second = (declared(kind, BASES[kind] | {f.name: value}) for value in two(f))
        assert changes(RESOURCES[kind], vars(first), vars(second)) == {f.name: True}
        return
    lifecycle = bench.of(kind, name_of(kind))
    base = declared(kind, BASES[kind])
    current = await lifecycle.create(base, preview=False)
    one, other = two(f)
    if f.name == "pool":
        for pool in (one, other):
            await bench.by_hand.api.call("POST", "/pools", {"poolid": pool})
    for value in (one, other):
        new = declared(kind, changed(kind, f, value))
        if not differing(kind, current, new):
            continue
        bench.lab.forget()
        current = await lifecycle.update(vars(current), new, preview=False)
        assert differing(kind, current, new) == set()
        assert len(bench.writes()) == 1
    by_hand = declared(kind, changed(kind, f, one))
    await change_by_hand(bench, kind, by_hand, current)
    seen = await lifecycle.read(vars(current), fresh=True)
    assert differing(kind, seen, current) == differing(kind, by_hand, current), "what was changed by hand, and no more"
    current = await lifecycle.update(vars(seen), current, preview=False)
    dropped = await lifecycle.update(vars(current), base, preview=False)
    assert differing(kind, dropped, base) == set()
    await gone_from_the_server(bench, kind, f)
    undeclared = declared(kind, changed(kind, f, one))
    await change_by_hand(bench, kind, undeclared, base)
    seen = await lifecycle.read(vars(base), fresh=True)
    assert differing(kind, seen, base) == differing(kind, undeclared, base), "seen though nobody declared it"
    await lifecycle.update(vars(seen), base, preview=False)
    await gone_from_the_server(bench, kind, f)


async def gone_from_the_server(bench: Bench, kind: str, f: Field) -> None:
    """Assert that the server says nothing of a field that the base does not declare."""
    section = await bench.by_hand.section(RESOURCES[kind].api, name_of(kind))
    assert section is not None
    if f.default is None and f.name not in BASES[kind]:
        assert f.wire not in section, "a dropped field leaves the server"


async def change_by_hand(bench: Bench, kind: str, wanted: Any, now: Any) -> None:
    """Put a section into another state through the API, as the web interface would."""
    cls = RESOURCES[kind]
    told = wire_form(wanted)
    differing_fields = [f for f in cls.fields if f.name in changes(cls, vars(now), vars(wanted))]
    params = {f.wire: told[f.wire] for f in differing_fields if f.wire in told}
    gone = [f.wire for f in differing_fields if f.wire not in told and written not in f.marks]
    if "storage" in told and not cls.fixed:
        params["storage"] = told["storage"]
    if gone:
        params["delete"] = ",".join(gone)
    if params:
        await bench.by_hand.api.call("PUT", f"{cls.api}/{name_of(kind)}", params)
