"""The judge of the matrix sees what it is there to see: each kind of damage, done on purpose, is named."""

from __future__ import annotations

import re

import pytest

from tests.faults import damage
from tests.faults.breaks import Break
from tests.faults.house import House
from tests.faults.matrix import Score
from tests.faults.scenes import Scene, scenes
from tests.faults.trial import Case, Trial

SCENES = {scene.title: scene for scene in scenes()}
NOTHING = Break("nothing", killed="before")


async def ready(house: House, title: str) -> tuple[Trial, Scene]:
    trial = Trial(house, SCENES[title])
    await trial.prepare()
    return trial, trial.scene


@pytest.mark.parametrize(
    ("title", "script", "path"),
    [
        ("mount created", "printf x >> /etc/fstab", "/etc/fstab"),
        ("mount created", "sed -i 's/half a line/half a  line/' /etc/fstab", "/etc/fstab"),
        ("mount created", "chmod 644 /etc/fstab", "/etc/fstab"),
        ("defaults updated", "sed -i '/lockwait/d' /etc/vzdump.conf", "/etc/vzdump.conf"),
        ("storage updated over https", "sed -i 's/iso,//' /etc/pve/storage.cfg", "/etc/pve/storage.cfg"),
        ("job updated over https", "echo x > /etc/pve/jobs.cfg", "/etc/pve/jobs.cfg"),
        ("job updated over https", "touch /etc/elsewhere", "/etc/elsewhere"),
    ],
)
async def test_a_foreign_byte_is_seen(house: House, title: str, script: str, path: str) -> None:
    trial, scene = await ready(house, title)
    await house.put_back(trial.start)
    before = damage.foreign(scene, trial.start)
    assert damage.changed_bytes(before, damage.foreign(scene, house.picture())) == {}
    await house.shell(script)
    assert damage.changed_bytes(before, damage.foreign(scene, house.picture())).keys() == {path}


async def test_half_a_line_and_a_scratch_file_are_seen(house: House) -> None:
    trial, scene = await ready(house, "mount created")
    await house.shell(
        "printf '10.0.0.150:/volume1 /mnt/nas-backups nfs so' > /etc/fstab; touch /etc/fstab.homebackup.aB3dE6"
    )
    seen = house.picture()
    assert damage.half(scene, seen, (trial.start, trial.done)) == [
        "/etc/fstab: b'10.0.0.150:/volume1 /mnt/nas-backups nfs so'"
    ]
    assert damage.scratch(seen) == ["/etc/fstab.homebackup.aB3dE6"]


@pytest.mark.parametrize(
    "title", ["mount with other options", "mount deleted", "defaults created", "job updated over ssh"]
)
async def test_one_fault_in_each_kind_of_scene_converges(house: House, title: str) -> None:
    trial, _ = await ready(house, title)
    for at, moment in enumerate(trial.moments):
        if not isinstance(moment, str):
            case = await trial.case(at, NOTHING)
            assert case is not None
            assert (case.problems, case.foreign, case.secrets) == ((), 0, 0)


def test_the_last_line_counts_and_only_a_clean_score_is_well() -> None:
    assert not Score("none").well, "no case is no proof"
    score = Score("all")
    score.add(Case("one", (), 0, 0))
    assert score.well
    assert score.line == "faults: 1 cases, 1 converged, 0 foreign bytes changed, 0 secrets found"
    for case in (Case("two", ("left over",), 0, 0), Case("three", (), 1, 0), Case("four", (), 0, 1)):
        worse = Score("worse")
        worse.plus(score)
        worse.add(case)
        assert not worse.well
        assert re.fullmatch(r"\w+: .*", worse.failures[0])
