"""What the provider imports, and when: Pulumi waits for it twice in a preview, and the second only compares."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue

from homebackup.engine.provider import HomeBackupProvider

STARTED = "homebackup.engine.serve"
LOOKING = (STARTED, "homebackup.engine.keeper", "homebackup.engine.lifecycle", "homebackup.world.live_site")


def imported(*modules: str) -> set[str]:
    """The names of all modules that importing these brings along, and of the packages that they are in."""
    code = f"import json, sys; import {', '.join(modules)}; print(json.dumps(list(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    names = [name.split(".") for name in json.loads(ran.stdout)]
    return {".".join(name[:length]) for name in names for length in range(1, len(name) + 1)}


def test_the_start_waits_for_nothing_that_only_resources_need() -> None:
    assert imported(STARTED).isdisjoint(
        {"pydantic", "asyncssh", "proxmoxer", "homebackup.resources", "homebackup.world.connection"}
    )


def test_a_look_waits_for_nothing_that_only_a_change_or_a_verb_needs() -> None:
    verbs = {"aiohttp", "apprise", "jinja2", "requests", "rich", "securetar", "typer"}
    judges = {"homebackup.assess", "homebackup.commands", "homebackup.views", "homebackup.model.site"}
    assert imported(*LOOKING).isdisjoint(verbs | judges)


def inputs(**values: str) -> dict[str, PropertyValue]:
    return {name: PropertyValue(value) for name, value in values.items()}


async def refusals(old: dict[str, PropertyValue], new: dict[str, PropertyValue]) -> list[str]:
    """The properties of a configuration that are refused, where another one was there before."""
    checked = await HomeBackupProvider("127.0.0.1:1").check_config(protocol.CheckRequest("urn", old, new, b""))
    assert checked.inputs == {name: value for name, value in new.items() if name not in ("notify", "deadman")}
    return [failure.property for failure in checked.failures or []]


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ({}, {}, ["host"]),
        ({}, {"host": "10.0.0.50", "notify": "json://x"}, []),
        ({"host": "10.0.0.50"}, {"host": "https://10.0.0.50"}, ["host"]),
        ({"host": "10.0.0.50"}, {"host": "10.0.0.50", "notify": "json://x"}, []),
        ({"host": "taken before"}, {"host": "taken before"}, []),
    ],
)
async def test_a_configuration_is_checked_when_it_is_another(
    old: dict[str, str], new: dict[str, str], wrong: list[str]
) -> None:
    assert await refusals(inputs(**old), inputs(**new)) == wrong
