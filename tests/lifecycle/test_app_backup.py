"""App backups inside of the lab's guests, a container and a machine: made, seen as changed by hand, mended, removed."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from typing import Any

import pytest

from homebackup.model.declare import changes
from homebackup.model.inside import inside
from homebackup.resources import RESOURCES
from homebackup.world import inside as world
from homebackup.world.errors import Changed, Refused, Unreachable
from homebackup.world.live_site import LiveSite
from homebackup.world.session import Ran
from tests.lifecycle.conftest import Bench, connection, declared
from tests.running_lab import Lab

KIND = "AppBackup"
APP = RESOURCES[KIND]
SCRIPT = "/usr/local/sbin/homebackup-dump-app"
UNIT = "/etc/systemd/system/homebackup-dump-app"
BASE = {"name": "app", "recipe": "command", "command": "echo data", "to": "/var/backups/app", "schedule": "04:00"}
GUESTS = ("lxc/103", "qemu/102")


class Inside(Bench):
    """A bench, and root inside of one guest."""

    guest: str

    async def do(self, script: str) -> Ran:
        """Run a script in the guest."""
        return await world.run(self.by_hand.host, self.guest, ["sh", "-c", script])

    @property
    def name(self) -> str:
        return f"{self.guest}#app"

    def base(self, **more: Any) -> dict[str, Any]:
        return BASE | {"guest": self.guest} | more


@pytest.fixture(params=GUESTS)
async def bench(request: pytest.FixtureRequest, lab: Lab) -> AsyncIterator[Inside]:
    site, by_hand = (LiveSite(connection(lab, "ssh")) for _ in range(2))
    made = Inside(lab, site, by_hand)
    made.guest = request.param
    (await by_hand.host.run("qm set 102 --agent 1")).check("the lab")
    yield made
    await site.close()
    await by_hand.close()


def seen(one: Any, other: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in changes(APP, vars(one), vars(other))}


async def test_a_preview_shows_the_script_and_writes_nothing(bench: Inside) -> None:
    await bench.of(KIND, bench.name).create(declared(KIND, bench.base()), preview=True)
    (said,) = [text for text in bench.said if text.startswith("pulumi up will do:")]
    guest = f"in guest {bench.guest[-3:]}"
    assert f"  write {SCRIPT} {guest}\n    + #!/bin/sh" in said
    assert "    + OnCalendar=04:00\n" in said
    enable = inside(bench.guest, ["systemctl", "enable", "--now", "homebackup-dump-app.timer"])
    assert f"  # {shlex.join(enable)}\n" in said
    assert (await bench.do(f"ls {SCRIPT}")).exit != 0


async def test_made_it_dumps_by_its_timer_and_reads_back_the_same(bench: Inside) -> None:
    lifecycle, new = bench.of(KIND, bench.name), declared(KIND, bench.base())
    made = await lifecycle.create(new, preview=False)
    assert seen(made, new) == {}
    assert seen(await lifecycle.read({}, fresh=True), new) == {}, "an import sees the same"
    assert (await bench.do(f"stat -c %a {SCRIPT}")).text == "755\n"
    assert (await bench.do("systemctl is-active homebackup-dump-app.timer")).text == "active\n"
    bench.said.clear()
    await lifecycle.update(vars(made), new, preview=True)
    guest = f"guest {bench.guest[-3:]}"
    (said,) = bench.said
    assert said.splitlines()[1:] == [
        f"  /var/backups/app is on the own disk of {guest}, and dumps there are lost with it; "
        "mount the NAS in the guest, or rely on vzdump for that"
    ]


BY_HAND: dict[str, tuple[str, dict[str, str | int]]] = {
    "keeps fewer": (f"sed -i 's/keep=7/keep=1/' {SCRIPT}", {"keep": 1}),
    "another command": (f"sed -i \"s/^command=.*/command='echo nothing'/\" {SCRIPT}", {"command": "echo nothing"}),
    "verifies no more": (f"sed -i 's/^verify$/:/' {SCRIPT}", {"script": "changed by hand"}),
    "emptied": (f": > {SCRIPT}", {"script": "changed by hand"}),
    "removed": (f"rm {SCRIPT}", {"script": "missing"}),
    "not executable": (f"chmod 644 {SCRIPT}", {"script": "not executable"}),
    "another time": (f"sed -i 's/OnCalendar=.*/OnCalendar=05:00/' {UNIT}.timer", {"schedule": "05:00"}),
    "never": (f"sed -i '/OnCalendar/d' {UNIT}.timer", {"timer": "changed by hand"}),
    "another program": (f"sed -i 's|^ExecStart=.*|ExecStart=/bin/true|' {UNIT}.service", {"timer": "changed by hand"}),
    "stopped": ("systemctl stop homebackup-dump-app.timer", {"timer": "stopped"}),
    "not at boot": ("systemctl disable homebackup-dump-app.timer", {"timer": "not started at boot"}),
    "timer removed": (f"rm {UNIT}.timer {UNIT}.service", {"timer": "missing"}),
}


@pytest.mark.parametrize("how", BY_HAND)
async def test_what_is_done_by_hand_is_seen_as_that_and_mended(bench: Inside, how: str) -> None:
    command, told = BY_HAND[how]
    lifecycle, new = bench.of(KIND, bench.name), declared(KIND, bench.base())
    made = await lifecycle.create(new, preview=False)
    assert (await bench.do(command)).exit == 0
    drifted = await lifecycle.read(vars(made), fresh=True)
    expected = {"timer": "not what systemd has loaded"} if how == "another time" else {}
    assert seen(drifted, new) == told | expected
    mended = await lifecycle.update(vars(drifted), new, preview=False)
    assert seen(mended, new) == {}


async def test_a_run_makes_a_dump_and_deleting_keeps_it(bench: Inside) -> None:
    lifecycle, new = bench.of(KIND, bench.name), declared(KIND, bench.base())
    made = await lifecycle.create(new, preview=False)
    await lifecycle.delete(vars(made))
    assert await lifecycle.read(vars(made), fresh=True) is None
    assert (await bench.do(f"ls {SCRIPT} {UNIT}.timer {UNIT}.service")).stdout == b""
    assert (await bench.do("ls -d /var/backups/app")).exit == 0
    await lifecycle.delete(vars(made))


async def test_another_directory_keeps_what_lies_in_the_old_one(bench: Inside) -> None:
    lifecycle = bench.of(KIND, bench.name)
    made = await lifecycle.create(declared(KIND, bench.base()), preview=False)
    await bench.do("echo dump > /var/backups/app/app-20260101T000000Z.gz")
    moved = declared(KIND, bench.base(to="/srv/dumps", schedule="fri..mon */2:30"))
    made = await lifecycle.update(vars(made), moved, preview=False)
    assert seen(made, moved) == {}
    assert (await bench.do("cat /var/backups/app/*; ls -d /srv/dumps")).text == "dump\n/srv/dumps\n"
    assert "OnCalendar=mon,fri..sun 0/2:30\n" in (await bench.do(f"cat {UNIT}.timer")).text


async def test_two_people_at_once(bench: Inside) -> None:
    lifecycle, new = bench.of(KIND, bench.name), declared(KIND, bench.base())
    made = await lifecycle.create(new, preview=False)
    await bench.do(f"sed -i 's/keep=7/keep=1/' {SCRIPT}")
    with pytest.raises(Changed, match="keep"):
        await lifecycle.update(vars(made), declared(KIND, bench.base(keep=3)), preview=False)
    with pytest.raises(Refused, match="exists already and is different: keep"):
        await lifecycle.create(new, preview=False)


async def test_a_guest_that_is_off_changes_no_state_and_stops_only_what_needs_it(bench: Inside) -> None:
    lifecycle, new = bench.of(KIND, bench.name), declared(KIND, bench.base())
    made = await lifecycle.create(new, preview=False)
    program = "pct" if bench.guest.startswith("lxc") else "qm"
    (await bench.by_hand.host.run(f"{program} stop {bench.guest[-3:]}")).check("the lab")
    off = f"guest {bench.guest[-3:]}: it is not running"
    assert seen(await lifecycle.read(vars(made), fresh=True), new) == {}
    assert bench.said[-1] == f"unknown: {off}, so whether it still dumps app is as last known"
    await lifecycle.update(vars(made), declared(KIND, bench.base(keep=2)), preview=True)
    assert bench.said[-1] == f"unknown: {off}; start it and run this again"
    for change in (
        lifecycle.update(vars(made), declared(KIND, bench.base(keep=2)), preview=False),
        lifecycle.delete(vars(made)),
    ):
        with pytest.raises(Unreachable, match="it is not running; start it"):
            await change
    (await bench.by_hand.host.run(f"{program} start {bench.guest[-3:]}")).check("the lab")
    assert seen(await lifecycle.read(vars(made), fresh=True), new) == {}


async def test_what_the_guest_lacks_is_said_before(bench: Inside) -> None:
    more = {"recipe": "vaultwarden", "command": None, "database": "/opt/db.sqlite3", "recipient": "age1" + "q" * 58}
    await bench.do("rm -f /usr/bin/sqlite3 /usr/bin/age")
    await bench.of(KIND, bench.name).create(declared(KIND, bench.base(**more)), preview=True)
    (said,) = [text for text in bench.said if text.startswith("doubtful:")]
    guest = f"is missing in guest {bench.guest[-3:]}, so no dump is made; "
    for lack, cure in (
        ("sqlite3", "install it there"),
        ("/opt/db.sqlite3", "say where it is"),
        ("age", "install it there"),
    ):
        assert f"  {lack} {guest}{cure}" in said.splitlines()


async def test_a_guest_that_is_not_there(lab: Lab) -> None:
    site = LiveSite(connection(lab, "ssh"))
    said: list[str] = []
    bench = Bench(lab, site, site, said)
    for guest in ("lxc/999", "qemu/103"):
        new = declared(KIND, BASE | {"guest": guest})
        lifecycle = bench.of(KIND, f"{guest}#app")
        assert await lifecycle.read(vars(new), fresh=True) is None
        with pytest.raises(Unreachable, match="there is no such guest"):
            await lifecycle.create(new, preview=False)
        await lifecycle.delete(vars(new))
    with pytest.raises(Refused, match="name it GUEST#NAME"):
        await bench.of(KIND, "vaultwarden").read({})
    await site.close()
