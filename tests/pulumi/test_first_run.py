"""The first run of a tier in the program, with Pulumi's mocks: what the Command is given, and who pays for it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.pulumi.conftest import ROOT

PROGRAM = """
import asyncio, json, sys
import pulumi
from pulumi.runtime import Mocks, set_mocks
from tests.cases.told_site import HOME, declared

registered = []

class Recorded(Mocks):
    def new_resource(self, args):
        registered.append([args.typ, args.name, args.inputs, args.provider])
        return args.name, args.inputs

    def call(self, args):
        return {"vmids": ""}

set_mocks(Recorded(), "home-backup", "home")
changes = json.loads(sys.argv[1])
tiers = {name: {**tier, **changes.get(name, {})} for name, tier in HOME["tiers"].items()}

@pulumi.runtime.test
def program():
    from components.home_backup import HomeBackup
    HomeBackup("home", declared(tiers=tiers))

program()
print(json.dumps({"registered": registered, "imported": "pulumi_command" in sys.modules}))
"""


def run(changes: dict[str, Any]) -> dict[str, Any]:
    """What the program of the home site registers when its tiers are changed so, in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(changes)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    said: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return said


def commands(said: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, inputs) for kind, name, inputs, _ in said["registered"] if kind.startswith("command:")]


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    """The site as it is declared."""
    return run({})


def test_it_is_off_unless_asked_for_and_costs_nothing(plain: dict[str, Any]) -> None:
    assert commands(plain) == []
    assert plain["imported"] is False
    assert sum(kind == "homebackup:index:VzdumpJob" for kind, *_ in plain["registered"]) == 3


def test_the_verb_runs_for_the_tier_of_this_stack() -> None:
    said = run({"p1": {"first-run": True}})
    assert said["imported"] is True
    ((name, inputs),) = commands(said)
    assert name == "p1-first-run"
    assert inputs == {
        "create": "homebackup run p1 --stack home",
        "update": "true",
        "triggers": ["backup-home-p1-daily", 103],
    }


def test_the_next_tier_waits_for_it() -> None:
    names = [name for _, name, *_ in run({"p0": {"first-run": True}})["registered"]]
    jobs = [name for name in names if name in ("p0", "p0-first-run", "p1")]
    assert names.index("p0-first-run") > names.index("p0")
    assert jobs[-1] == "p1"


@pytest.mark.parametrize(
    ("change", "triggers"),
    [
        ({"guests": [102, 100]}, ["backup-home-p0-daily", 100, 102]),
        ({"guests": [100, 102], "schedule": "04:00"}, ["backup-home-p0-daily", 100, 102]),
        ({"job": "another"}, ["another", 100, 102]),
    ],
)
def test_it_runs_again_for_another_job_or_other_guests_alone(change: dict[str, Any], triggers: list[Any]) -> None:
    ((_, inputs),) = commands(run({"p0": {"first-run": True, **change}}))
    assert inputs["triggers"] == triggers
