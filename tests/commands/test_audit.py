"""`homebackup audit` on the lab: the seeded house explained, and a job out of Proxmox VE and back, power cuts too."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from homebackup.commands import audit
from homebackup.model.receipts import markdown, receipts
from homebackup.model.steps import Step
from homebackup.views.documents import DOCUMENTS
from homebackup.world.errors import Missing, Refused, Unreachable
from homebackup.world.journal import place
from homebackup.world.live_site import LiveSite
from tests.commands.living_site import DECLARED, settle
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab

LOST = "backup-4c1f0a52-77aa"
"""The seeded job that refers to a storage that does not exist."""
EVERYBODY = "backup-8e2d9b13-01fe"
CONTAINERS = "backup-f07c6d21-5b9c"
MISSIONS = """\
targets:
  - name: home-vm-100-ha-primary
    enabled: false
    kind: file_glob
    host: proxmox-home
    base_path: "/mnt/nas-backups"
    glob: "vzdump-qemu-100-*.vma.zst"
    stale_after_hours: 26
    classification: critical
  - name: home-vm-109-old
    host: proxmox-home
    base_path: "/mnt/nas-backups"
    glob: "vzdump-qemu-109-*.vma.zst"
  - name: vm-200-docker-host-primary
    host: proxmox-shop
    base_path: "/mnt/nas-backups"
    glob: "vzdump-qemu-200-*.vma.zst"
"""


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site, of which nothing is in the state."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED
    stack.answers["stack export"] = json.dumps({"deployment": {}})


async def read(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """The exit code, the things by name, and the whole document."""
    code = await audit._audit(stack, as_json=True, exit_code=True)
    said = capsys.readouterr().out
    assert TypeAdapter(DOCUMENTS["audit"]).validate_json(said, strict=True)
    document = json.loads(said)
    return code, {item["name"]: item for item in document["audit"]}, document


def jobs(lab: Lab) -> dict[str, dict[str, Any]]:
    """Every job as the API shows it, when it runs next left out."""
    said = json.loads(lab.run("pvesh get /cluster/backup --output-format json"))
    return {job["id"]: {name: value for name, value in job.items() if name != "next-run"} for job in said}


def writes(lab: Lab) -> list[str]:
    """The API's calls that changed something, over ssh."""
    return [r["command"] for r in lab.requests("ssh") if any(f"pvesh {verb} " in r["command"] for verb in VERBS)]


VERBS = ("create", "set", "delete")


async def test_the_seeded_house_is_explained(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.forget()
    code, items, document = await read(stack, capsys)
    assert len(lab.requests()) <= 3, "two round trips and a look"
    assert writes(lab) == []
    assert (code, document["unknown"]) == (2, [])
    assert {name: items[name]["state"] for name in (LOST, EVERYBODY, CONTAINERS)} == {
        LOST: "broken",
        EVERYBODY: "broken",
        CONTAINERS: "broken",
    }
    assert items[LOST]["said"] == (
        "it refers to storage synology-nas-storage, which does not exist; it is disabled, and still hides 100 "
        "home-assistant and 102 vaultwarden from Proxmox VE's own list of guests that are not backed up"
    )
    assert f"homebackup audit --retire {LOST}" in items[LOST]["remedy"]
    assert "101 immich" in items[EVERYBODY]["said"]
    assert items["backup-home-p0-daily"]["state"] == "missing"
    assert items["local"]["state"] == "foreign"
    assert items["/boot/efi"]["noun"] == "fstab line"
    assert document["path"] == "pulumi up --stack home"

    await audit._audit(stack, as_json=False, exit_code=False)
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "3 vzdump jobs among it, is one command away: pulumi up --stack home" in " ".join(text.split())


async def test_once_the_declared_jobs_are_there_the_old_ones_hide_nobody(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(lab, wait=False)
    code, items, document = await read(stack, capsys)
    assert (code, items[LOST]["state"], items[EVERYBODY]["state"]) == (1, "broken", "foreign")
    assert "enabled jobs back up whom it names (all guests)" in items[EVERYBODY]["said"]
    assert items["backup-home-p0-daily"]["state"] == "different"
    assert "notes-template is {{guestname}} of {{node}}, declared {{guestname}}" in str(
        items["backup-home-p0-daily"]["differences"]
    )
    assert "homebackup adopt --different --run" in items["backup-home-p0-daily"]["remedy"]
    assert document["path"].startswith("homebackup adopt --different --run --stack home && pulumi up")


async def test_why_the_missions_inventory_matches_nothing(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    file = stack.folder / ".lab" / "backup.inventory.yaml"
    file.parent.mkdir()
    file.write_text(MISSIONS)
    _, items, _ = await read(stack, capsys)
    nothing = "base_path /mnt/nas-backups matches nothing: it is the path of a storage, and Proxmox VE keeps the"
    assert items["home-vm-100-ha-primary"]["state"] == "different"
    assert items["home-vm-100-ha-primary"]["differences"] == [
        "base_path is /mnt/nas-backups, declared /mnt/nas-backups/dump"
    ]
    assert f"{nothing} archives of it in /mnt/nas-backups/dump" in items["home-vm-100-ha-primary"]["said"]
    assert (items["home-vm-109-old"]["state"], items["vm-200-docker-host-primary"]["state"]) == ("broken", "foreign")
    file.write_text("- name: a\n- name: a\n")
    _, items, _ = await read(stack, capsys)
    assert items[".lab/backup.inventory.yaml"]["said"].startswith("line 2, column 3: 'a' is there already")


async def test_a_host_that_is_away_is_unknown(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    stack.stored |= {"sshPort": "1"}
    code, _, document = await read(stack, capsys)
    assert code == 3
    assert document["unknown"]
    with pytest.raises(Unreachable):
        await audit._audit(stack, LOST, as_json=False, exit_code=False)


@pytest.mark.parametrize("way", [{}, {"api": "https"}], ids=["ssh", "https"])
async def test_every_job_that_is_retired_comes_back_the_same(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str], way: dict[str, str]
) -> None:
    stack.stored |= way
    stack.stored |= {"password": lab.api["password"]} if way else {}
    lab.run(
        f"pvesh set /cluster/backup/{CONTAINERS} --comment 'why, \"who\" = 5 %' --exclude-path /tmp/x"
        " --exclude-path '/a b' --prune-backups keep-daily=7,keep-last=2 --performance max-workers=4"
        " --tmpdir /var/tmp --repeat-missed 1"
    )
    before = jobs(lab)
    for name in (LOST, EVERYBODY, CONTAINERS):
        assert await audit._audit(stack, name, as_json=False, exit_code=False) == 0
        assert name not in jobs(lab)
    runs = [entry.run for entry in stack.journal() if entry.kept]
    assert f"--restore-receipt {runs[0]} brings it back" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(Missing, match=f"--restore-receipt {runs[0]} brings it back"):
        await audit._audit(stack, LOST, as_json=False, exit_code=False)
    for run in reversed(runs):
        assert await audit._audit(stack, None, run, as_json=False, exit_code=False) == 0
    assert jobs(lab) == before
    lab.forget()
    assert await audit._audit(stack, None, runs[0], as_json=False, exit_code=False) == 0
    assert writes(lab) == [], "what is there already stays"
    lab.run(f"pvesh set /cluster/backup/{LOST} --schedule 05:00")
    with pytest.raises(Refused, match=r"schedule is 05:00, the receipt has 21:00"):
        await audit._audit(stack, None, runs[0], as_json=False, exit_code=False)


async def test_what_works_or_is_declared_is_not_retired(stack: PlayedStack, lab: Lab) -> None:
    lab.run(f"pvesh set /cluster/backup/{EVERYBODY} --enabled 1")
    settle(lab, wait=False)
    for job, said in ((EVERYBODY, "it does its work"), ("backup-home-p0-daily", "the site declares it")):
        with pytest.raises(Refused, match=said):
            await audit._audit(stack, job, as_json=False, exit_code=False)
    with pytest.raises(Missing, match="it is not there; see homebackup audit"):
        await audit._audit(stack, "nobody", as_json=False, exit_code=False)
    with pytest.raises(Missing, match="it keeps no job"):
        await audit._audit(stack, None, "0123456789ab", as_json=False, exit_code=False)
    with pytest.raises(Refused, match="name one of the two"):
        await audit._audit(stack, LOST, "0123456789ab", as_json=False, exit_code=False)
    assert stack.journal() == []


class PowerCut(BaseException):
    """Nothing runs after it."""


@pytest.mark.parametrize("removed", [False, True], ids=["between receipt and removal", "after the removal"])
async def test_a_power_cut_loses_no_configuration(
    stack: PlayedStack,
    lab: Lab,
    monkeypatch: pytest.MonkeyPatch,
    removed: bool,
) -> None:
    before, perform = jobs(lab), LiveSite.perform

    async def cut(live: LiveSite, step: Step) -> None:
        if removed:
            await perform(live, step)
        raise PowerCut

    monkeypatch.setattr(LiveSite, "perform", cut)
    with pytest.raises(PowerCut):
        await audit._audit(stack, LOST, as_json=False, exit_code=False)
    monkeypatch.undo()
    assert (LOST not in jobs(lab)) == removed
    (run,) = [entry.run for entry in stack.journal() if entry.kept]
    told = markdown(receipts(stack.journal())[0], None)
    assert f"`homebackup audit --restore-receipt {run}` brings it back" in told
    assert "synology-nas-storage" in told
    assert "Cut off in the middle, so it may or may not have been done" in told

    if removed:
        with pytest.raises(Missing, match=run):
            await audit._audit(stack, LOST, as_json=False, exit_code=False)
    assert await audit._audit(stack, None, run, as_json=False, exit_code=False) == 0
    assert jobs(lab) == before
    assert await audit._audit(stack, LOST, as_json=False, exit_code=False) == 0
    assert LOST not in jobs(lab)


async def test_a_lost_answer_is_looked_after(stack: PlayedStack, lab: Lab) -> None:
    before = jobs(lab)
    lab.control("/faults", {"on": "ssh", "command": "*pvesh delete*", "when": "after", "effect": "drop"})
    assert await audit._audit(stack, LOST, as_json=False, exit_code=False) == 0
    assert [e.outcome for e in stack.journal() if e.event == "end"] == ["unknown"]
    lab.control("/faults", {"on": "ssh", "command": "*pvesh create*", "when": "after", "effect": "drop"})
    (run,) = [entry.run for entry in stack.journal() if entry.kept]
    assert await audit._audit(stack, None, run, as_json=False, exit_code=False) == 0
    assert jobs(lab) == before


async def test_what_is_not_seen_is_in_the_exit_code(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> None:
    stack.stored |= {"sshPort": "1"}
    assert await audit._audit(stack, as_json=False, exit_code=True) == 3
    assert await audit._audit(stack, as_json=False, exit_code=False) == 3
    text = capsys.readouterr().out
    assert "not seen: host" in text
    assert "one command away" not in text, "nobody knows what of the rest is there"


async def test_no_removal_without_a_receipt(stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    before = jobs(lab)
    monkeypatch.setenv("HOMEBACKUP_JOURNAL", "/dev/full")
    with pytest.raises(Refused, match="it cannot be written"):
        await audit._audit(stack, LOST, as_json=False, exit_code=False)
    monkeypatch.delenv("HOMEBACKUP_JOURNAL")
    assert await audit._audit(stack, LOST, as_json=False, exit_code=False) == 0
    file = place(stack.folder)
    file.write_text(file.read_text().replace('"stack": "home"', '"stack": "other"'))
    (run,) = [entry.run for entry in stack.journal() if entry.kept]
    with pytest.raises(Refused, match="it is of stack other"):
        await audit._audit(stack, None, run, as_json=False, exit_code=False)
    file.write_text(file.read_text().replace('\\"id\\"', '\\"no\\"'))
    with pytest.raises(Refused, match="it is of stack other"):
        await audit._audit(stack, None, run, as_json=False, exit_code=False)
    assert before.keys() - jobs(lab).keys() == {LOST}
