"""The NAS's own management with the real Pulumi CLI: rules made, seen to drift, put right and taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.pulumi.cli import Stack
from tests.pulumi.conftest import ROOT
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

SITE = "home-backup:site"
SAVE = "SYNO.Core.FileServ.NFS.SharePrivilege save"


@pytest.fixture
def nas(stack: Stack) -> Stack:
    """The stack `lab` with the NAS of the stack `home`, and a task of Hyper Backup that is there already."""
    file = stack.project / "Pulumi.lab.yaml"
    told = yaml.safe_load(file.read_text())
    dsm = yaml.safe_load((ROOT / "Pulumi.home.yaml").read_text())["config"][SITE]["nas"]
    dsm["dsm"]["hyper-backup"] = {"nas-offsite": {"folders": ["/backups"]}}
    told["config"][SITE]["nas"] = dsm
    file.write_text(yaml.safe_dump(told))
    return stack


def rules(lab: Lab) -> list[Any]:
    return list(lab.control("/dsm")["rules"]["backups"])


def test_the_rules_of_our_clients_are_kept_beside_those_of_others(nas: Stack, lab: Lab) -> None:
    before = rules(lab)
    shown = nas("preview").stdout
    assert f"dsm {SAVE} " in shown
    assert rules(lab) == before
    nas("up", "--yes", "--skip-preview")
    after = rules(lab)
    assert [rule["client"] for rule in after] == ["10.0.0.0/24", "10.0.0.50"]
    assert after[0] == before[0]
    nas("preview", "--expect-no-changes")
    state = json.dumps(nas("stack", "export").json())
    dsm = lab.facts["dsm"]
    assert not any(secret in state for secret in (dsm["password"], dsm["device"]))

    lab.control("/dsm", {"rules": {"backups": [after[0], after[1] | {"privilege": "ro"}]}})
    assert 'access: "ro" => "rw"' in nas("preview", "--diff").stdout
    nas("up", "--yes", "--skip-preview")
    assert rules(lab) == after

    nas("destroy", "--yes", "--skip-preview")
    assert rules(lab) == before
    assert [task["name"] for task in lab.control("/dsm")["tasks"]] == ["nas-offsite"]


def test_a_nas_that_is_off_stops_no_preview(nas: Stack, lab: Lab) -> None:
    nas("up", "--yes", "--skip-preview")
    lab.control("/nas", {"power": "off"})
    shown = nas("preview").stdout
    assert "so its NFS rules are as they were last known" in shown
    lab.control("/nas", {"power": "on"})


def test_a_wrong_password_is_a_sentence_and_is_tried_once(nas: Stack, lab: Lab) -> None:
    lab.control("/requests", method="DELETE")
    nas("config", "set", "homebackup:dsmPassword", "--secret", stdin="wrong")
    ran = nas("preview", exits=None)
    assert ran.exit
    assert "it does not take this account with this password; correct dsmAccount or dsmPassword" in ran.stdout
    requests = lab.control("/requests", method="GET")
    assert sum(one.get("command") == "SYNO.API.Auth login" for one in requests) == 1
