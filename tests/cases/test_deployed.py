"""What an export of a stack says of its state."""

from __future__ import annotations

from homebackup.model.state import Deployed


def test_what_waits_to_be_deleted_is_not_managed() -> None:
    kept = [{"type": "t", "id": "a", "urn": "u1"}, {"type": "t", "id": "b", "urn": "u2", "delete": True}]
    state = Deployed.read({"deployment": {"resources": kept}})
    assert (state.has("t", "a"), state.has("t", "b"), state.urns) == (True, False, frozenset({"u1"}))


def test_a_stack_without_anything_has_nothing() -> None:
    assert Deployed.read({}) == Deployed.read({"deployment": None}) == Deployed()
