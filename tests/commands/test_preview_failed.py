"""What a verb says when the preview that it needs failed: that the site is away, or what Pulumi said."""

from __future__ import annotations

from typing import NoReturn

import pytest

from homebackup.commands.told import previewed
from homebackup.world.errors import Failed, Unreachable
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab

NEVER_SERVED = "1"
"""A port at which nothing answers."""


def broken(stack: PlayedStack, monkeypatch: pytest.MonkeyPatch) -> PlayedStack:
    async def preview() -> NoReturn:
        raise Failed("pulumi preview", "the program is wrong", "correct that")

    monkeypatch.setattr(stack, "preview", preview)
    return stack


async def test_of_a_site_that_does_not_answer(stack: PlayedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.stored = {"host": "127.0.0.1", "sshPort": NEVER_SERVED, "sshHostKey": "ssh-ed25519 AAAA"}
    with pytest.raises(Unreachable, match="no ssh connection"):
        await previewed(broken(stack, monkeypatch))


async def test_of_a_site_that_answers(stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.stored = {"lab": str(lab.ready)}
    with pytest.raises(Failed, match="the program is wrong"):
        await previewed(broken(stack, monkeypatch))


async def test_of_a_stack_that_names_no_site(stack: PlayedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failed, match="the program is wrong"):
        await previewed(broken(stack, monkeypatch))
