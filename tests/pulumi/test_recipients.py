"""Whom to tell is in the stack, secret, and the provider neither minds nor keeps it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest

from tests.pulumi.cli import Stack
from tests.world.listener import Listener

pytestmark = pytest.mark.pulumi

TOPIC = "tiger-4711-topic"


async def test_the_provider_takes_no_part_and_the_verb_reads_it(stack: Stack) -> None:
    async with Listener() as phone:
        targets = [phone.url(f"/{TOPIC}", "json"), phone.url("/second", "json")]
        for number, target in enumerate(targets):
            stack("config", "set", "--path", f"homebackup:notify[{number}]", "--secret", stdin=target)
        stack("config", "set", "homebackup:deadman", "--secret", stdin=phone.url(f"/{TOPIC}"))
        assert TOPIC not in (stack.project / f"Pulumi.{stack.name}.yaml").read_text()

        stack("up", "--yes")
        state = stack("stack", "export", "--show-secrets")
        providers = [r for r in state.json()["deployment"]["resources"] if r["type"] == "pulumi:providers:homebackup"]
        assert providers
        assert not {"notify", "deadman"} & providers[0]["inputs"].keys()
        assert TOPIC not in state.stdout

        command = [sys.executable, "-m", "homebackup.commands", "notify", "--test", "--stack", stack.name]
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=stack.project, env=stack.environment, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert sorted(phone.paths) == ["/second", f"/{TOPIC}"]
        kept = [file.read_text() for file in stack.project.glob(".homebackup/*")]
        assert TOPIC not in "".join([done.stdout, *kept, json.dumps(state.json())])
