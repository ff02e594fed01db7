"""An NFS mount: what is found on a host and what is done about it, situation by situation."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any

import pytest

from homebackup.model import fstab
from homebackup.model import timer as timers
from homebackup.model.declare import check, observed
from homebackup.model.heal import timer as heal_timer
from homebackup.model.host_facts import HostFacts
from homebackup.model.mounts import Mount
from homebackup.model.refusal import Refusal
from homebackup.model.steps import Plan, Run, Step, Write
from homebackup.resources.nfs_mount import NfsMount
from tests.resources import situations as on
from tests.resources.situations import CASES, DECLARED, HARD, HEAD, LINE, LIVE, TARGET, TMPFS, WANTED, Case, edit, host

SITUATION = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def differing(seen: NfsMount, wanted: NfsMount) -> dict[str, Any]:
    """The fields that are not as wanted, with what is seen."""
    return {
        f.name: getattr(seen, f.name)
        for f in NfsMount.fields
        if not f.same(getattr(seen, f.name), getattr(wanted, f.name))
    }


def planned(ground: HostFacts, wanted: NfsMount = WANTED) -> Plan:
    """What `pulumi up` would do there."""
    seen = NfsMount.found(TARGET, ground, vars(wanted))
    return wanted.creating(ground) if seen is None else wanted.updating(seen, ground)


def after(ground: HostFacts, step: Step) -> HostFacts:
    """The host when the step was done, as systemd, mount and chattr do it."""
    if isinstance(step, Write):
        assert ground.files.get(step.path) == step.before
        return replace(ground, files={**ground.files, step.path: step.after or b""})
    below = [mount for mount in ground.mounts if mount.target != TARGET]
    if step == on.RESTART:
        assert ground.directories.get(TARGET) != "missing"
        return replace(ground, mounts=(*below, LIVE), directories={})
    if step == on.UMOUNT:
        return replace(ground, mounts=(*below, *ground.at(TARGET)[:-1]))
    state = {on.MKDIR: "plain", on.GUARD: "immutable", on.UNGUARD: "plain"}.get(step) if isinstance(step, Run) else None
    return replace(ground, directories={TARGET: state}) if state else ground


@SITUATION
def test_what_differs(case: Case) -> None:
    seen = NfsMount.found(TARGET, case.host, vars(WANTED))
    assert (None if seen is None else differing(seen, WANTED)) == case.differs


@SITUATION
def test_what_is_done_about_it(case: Case) -> None:
    plan = planned(case.host)
    assert list(plan.steps) == case.steps
    assert plan.blocked == case.blocked
    written = [step for step in case.steps if isinstance(step, Write)]
    undone = [step for write in written for step in edit(write.after or b"", write.before or b"")]
    if written and on.RESTART in case.steps and not case.host.at(TARGET):
        undone.append(replace(on.STOP, accept=frozenset({0, 5})))
    assert list(plan.undo) == (undone if case.undo is None else case.undo)
    if plan.undo and written:
        assert plan.steps[plan.undo_from - 1] == written[0]


@SITUATION
def test_once_done_it_is_as_declared_however_often_that_was_interrupted(case: Case) -> None:
    grounds = [replace(case.host, answers={WANTED.server: True})]
    for step in planned(grounds[0]).steps:
        grounds.append(after(grounds[-1], step))
    for start in grounds:
        ground = reduce(after, planned(start).steps, start)
        seen = NfsMount.found(TARGET, ground, vars(WANTED))
        assert seen is not None
        assert differing(seen, WANTED) == {}
        assert planned(ground).steps == ()
    assert fstab.without(grounds[-1].fstab, TARGET) == fstab.without(case.host.fstab, TARGET)


def test_a_creation_that_was_interrupted_is_taken_up_again() -> None:
    wanted = replace(WANTED, heal=True)
    ground = host(HEAD, directory="missing")
    for step in wanted.creating(ground).steps:
        ground = after(ground, step)
        seen = NfsMount.found(TARGET, ground, {})
        different = {} if seen is None else differing(seen, wanted)
        assert different.keys() <= {f.name for f in NfsMount.fields if observed in f.marks}


REFUSED = {
    "a file in its place": (host(HEAD, directory="other"), "/mnt/nas-backups is a file", "move it away"),
    "a disk mounted there": (
        host(HEAD, Mount(TARGET, "/dev/sdb1", "ext4", frozenset({"rw"}))),
        "ext4 /dev/sdb1 is mounted on /mnt/nas-backups",
        "unmount it if nobody needs it",
    ),
    "below another NFS mount": (
        host(HEAD, replace(LIVE, target="/mnt")),
        "/mnt/nas-backups and the NFS mount /mnt lie one inside the other",
        "choose a directory of its own",
    ),
    "above another NFS mount": (
        host(HEAD, replace(LIVE, target="/mnt/nas-backups/dump")),
        "/mnt/nas-backups and the NFS mount /mnt/nas-backups/dump lie one inside the other",
        "choose a directory of its own",
    ),
    "below an NFS line that is not mounted": (
        host(b"nas:/v /mnt/ nfs4 soft 0 0\n"),
        "/mnt/nas-backups and the NFS mount /mnt lie one inside the other",
        "choose a directory of its own",
    ),
}


@pytest.mark.parametrize(("ground", "said", "remedy"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_in_the_way_is_said_before_anything_is_done(ground: HostFacts, said: str, remedy: str) -> None:
    assert NfsMount.found(TARGET, ground, {}) is None
    with pytest.raises(Refusal) as refused:
        WANTED.creating(ground)
    assert refused.value.said == said
    assert refused.value.remedy.startswith(remedy)


IMPORTED: dict[str, tuple[HostFacts, dict[str, Any] | None]] = {
    "nothing there": (host(HEAD), None),
    "a line commented out": (host(b"#" + LINE), None),
    "something else mounted": (host(HEAD, TMPFS), None),
    "as declared": (host(DECLARED, LIVE), {}),
    "as declared, the NAS off": (host(DECLARED, on=False), {}),
    "as declared, unguarded": (host(DECLARED, directory="plain"), {"immutable": False, "live": "not mounted"}),
    "mounted by hand": (host(HEAD, LIVE), {"boot": "missing", "options": ("retrans=3", "soft", "timeo=150")}),
    "mounted hard by hand": (host(HEAD, HARD), {"boot": "missing", "options": ("hard", "retrans=3", "timeo=150")}),
    "mounted by hand, something on top": (
        host(HEAD, LIVE, TMPFS),
        {
            "boot": "missing",
            "options": ("retrans=3", "soft", "timeo=150"),
            "live": "covered by tmpfs tmpfs",
        },
    ),
    "IPv6": (
        host(LINE.replace(b"10.0.0.150", b"[fd00::150]"), replace(LIVE, source="[fd00::150]:" + WANTED.export)),
        {"server": "fd00::150"},
    ),
    "a name": (
        host(LINE.replace(b"10.0.0.150", b"nas.lan"), replace(LIVE, source="nas.lan:" + WANTED.export)),
        {"server": "nas.lan"},
    ),
}


@pytest.mark.parametrize(("ground", "differs"), IMPORTED.values(), ids=IMPORTED.keys())
def test_what_an_import_finds(ground: HostFacts, differs: dict[str, Any] | None) -> None:
    seen = NfsMount.found(TARGET, ground, {})
    assert (None if seen is None else differing(seen, WANTED)) == differs


def test_what_an_import_finds_is_no_change_once_checked() -> None:
    seen = NfsMount.found(TARGET, host(DECLARED, LIVE), {})
    assert check(NfsMount, vars(seen)) == (vars(WANTED), {})


DELETED: dict[str, tuple[HostFacts, list[Step]]] = {
    "mounted": (host(DECLARED, LIVE), [on.STOP, on.UNGUARD, *edit(DECLARED, HEAD)]),
    "mounted, the NAS off": (host(DECLARED, LIVE, on=False), [on.LAZILY, on.UNGUARD, *edit(DECLARED, HEAD)]),
    "mounted, but it hangs": (
        host(DECLARED, LIVE, hangs=on.SINCE),
        [on.LAZILY, on.UNGUARD, *edit(DECLARED, HEAD)],
    ),
    "mounted twice, the NAS off": (
        host(DECLARED, LIVE, LIVE, on=False),
        [on.LAZILY, on.LAZILY, on.UNGUARD, *edit(DECLARED, HEAD)],
    ),
    "not mounted": (host(DECLARED), [on.UNGUARD, *edit(DECLARED, HEAD)]),
    "not mounted, unguarded": (host(DECLARED, directory="plain"), edit(DECLARED, HEAD)),
    "line missing": (host(HEAD, LIVE), [on.STOP, on.UNGUARD]),
    "line doubled": (host(DECLARED + LINE, LIVE), [on.STOP, on.UNGUARD, *edit(DECLARED + LINE, HEAD)]),
    "commented out too": (host(b"#" + LINE + LINE), [on.UNGUARD, *edit(b"#" + LINE + LINE, b"#" + LINE)]),
    "the directory is gone": (host(DECLARED, directory="missing"), edit(DECLARED, HEAD)),
    "something else in its place": (host(DECLARED, TMPFS), [on.BARE, *edit(DECLARED, HEAD)]),
}


@pytest.mark.parametrize(("ground", "steps"), DELETED.values(), ids=DELETED.keys())
def test_what_a_deletion_does(ground: HostFacts, steps: list[Step]) -> None:
    seen = NfsMount.found(TARGET, ground, vars(WANTED))
    assert seen is not None
    assert list(seen.deleting(ground).steps) == steps


UNKNOWN: dict[str, tuple[HostFacts, str]] = {
    "mounted": (host(DECLARED, LIVE), ""),
    "not mounted": (host(DECLARED), ""),
    "the NAS off": (
        host(DECLARED, LIVE, on=False),
        "the NAS 10.0.0.150 does not answer, so whether /mnt/nas-backups works is as last known",
    ),
    "it hangs": (host(DECLARED, LIVE, hangs=on.SINCE), on.SILENT),
    "the export is gone": (host(DECLARED, LIVE, hangs=""), on.STALE),
}


@pytest.mark.parametrize(("ground", "said"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_cannot_be_known_is_said(ground: HostFacts, said: str) -> None:
    seen = NfsMount.found(TARGET, ground, vars(WANTED))
    assert seen is not None
    assert seen.unknown(ground) == said


def test_no_guard_where_none_is_declared() -> None:
    wanted = replace(WANTED, immutable=False)
    assert planned(host(HEAD, directory="missing"), wanted).steps[0] == on.MKDIR
    assert on.GUARD not in planned(host(HEAD, directory="missing"), wanted).steps
    assert planned(host(HEAD), wanted).steps[0] == on.UNGUARD


HEALED = replace(WANTED, heal=True)
UNITS = heal_timer(TARGET, WANTED.server).files
TIMER = heal_timer(TARGET, WANTED.server).name
ENABLE = Run(("systemctl", "enable", "--now", TIMER))
SYNC = Run(("sync", f"{timers.UNITS}/{timers.WANTED}"))
DISABLE = [
    Run(("systemctl", "disable", "--now", TIMER)),
    Run(("systemctl", "stop", TIMER.replace(".timer", ".service")), timeout=130, accept=frozenset({0, 5})),
]
OLDER = dict.fromkeys(UNITS, b"older")
HEALING: dict[str, tuple[dict[str, bytes], str, dict[str, Any], list[Step]]] = {
    # unit files there, what systemd says of the timer, what differs, what is done
    "as declared": (UNITS, "enabled, active", {}, []),
    "missing": (
        {},
        "",
        {"heal": False},
        [*(Write(p, None, text) for p, text in UNITS.items()), on.RELOAD, ENABLE, SYNC],
    ),
    "stopped": (UNITS, "enabled, inactive", {"healer": "stopped"}, [on.RELOAD, ENABLE, SYNC]),
    "running until the next boot": (
        UNITS,
        "disabled, active",
        {"healer": "not started at boot"},
        [on.RELOAD, ENABLE, SYNC],
    ),
    "changed": (
        OLDER,
        "enabled, active",
        {"healer": "changed by hand"},
        [*(Write(p, b"older", text) for p, text in UNITS.items()), on.RELOAD, ENABLE, SYNC],
    ),
}


@pytest.mark.parametrize(("files", "timer", "differs", "steps"), HEALING.values(), ids=HEALING.keys())
def test_the_timer_that_heals(files: dict[str, bytes], timer: str, differs: dict[str, Any], steps: list[Step]) -> None:
    ground = host(DECLARED, LIVE, files=files, timers={TIMER: timer})
    seen = NfsMount.found(TARGET, ground, vars(HEALED))
    assert seen is not None
    assert differing(seen, HEALED) == differs
    assert list(HEALED.updating(seen, ground).steps) == steps
    gone = [*DISABLE, *(Write(path, text, None) for path, text in files.items()), on.RELOAD] if files else []
    assert list(WANTED.updating(seen, ground).steps) == gone
    assert list(seen.deleting(ground).steps) == [*gone, on.STOP, on.UNGUARD, *edit(DECLARED, HEAD)]
