"""`homebackup app` and the status of an app that dumps itself inside a container: run, verified, assessed."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from homebackup.commands import app, assessing, dumping, home_assistant, status
from homebackup.model.dump_recipe import Recipe, place, timer
from homebackup.world.errors import Failed, Missing, Refused, Unreachable
from tests.commands.living_site import DECLARED
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab

DUMP = {"recipe": "command", "command": "cat /srv/data", "to": "/var/backups/list", "schedule": "04:00", "keep": 3}
APP = {"guest": 103, "classification": "important", "stale-after-hours": 48, "dump": DUMP}
HOUR = 3600


def inside(lab: Lab, script: str, vmid: int = 103) -> str:
    lab.control("/run", {"script": f"cat > /tmp/inside <<'END'\n{script}\nEND"})
    return lab.run(f"pct exec {vmid} -- sh -s < /tmp/inside")


def put(lab: Lab, path: str, text: str, mode: str = "644") -> None:
    inside(lab, f"cat > {path} <<'EOF'\n{text.rstrip()}\nEOF\nchmod {mode} {path}")


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site, with the script and its units in the container, as after a `pulumi up`."""
    site = copy.deepcopy(DECLARED)
    site["apps"] = {"list": APP}
    for name in ("documents", "home-assistant", "inventory"):
        site.pop(name, None)
    stack.stored, stack.declared = {"lab": str(lab.ready)}, site
    put(lab, place("list"), Recipe("list", "command", DUMP["to"], 3, command="cat /srv/data").script, "755")
    for unit, content in timer("list", "04:00").files.items():
        put(lab, unit, content.decode())
    inside(lab, "systemctl daemon-reload; mkdir -p /var/backups/list; seq 100 > /srv/data")


async def begin(stack: PlayedStack) -> int:
    return await app._of(stack, "list", dumping.make, home_assistant.make)


async def check(stack: PlayedStack) -> int:
    return await app._of(stack, "list", dumping.check, home_assistant.make)


async def verdict(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    await status._status(stack, as_json=True, exit_code=True)
    told = json.loads(capsys.readouterr().out)["verdicts"]
    found: dict[str, Any] = next(one for one in told if one["name"] == "app list")
    return found


def later(lab: Lab, hours: int) -> None:
    lab.control("/clock", {"advance": hours * HOUR})


async def test_a_dump_made_verified_and_seen(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert (await verdict(stack, capsys))["state"] == "STALE"
    assert await begin(stack) == 0
    said = capsys.readouterr().out
    assert said.startswith("dump list: /var/backups/list/list-20")
    later(lab, 1)
    assert await check(stack) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "OK      app list in /var/backups/list on guest 103"
    assert "its bytes are those that were written" in told[2]
    assert "gzip unpacks it to its end" in told[3]
    seen = await verdict(stack, capsys)
    assert (seen["state"], seen["archive"]) == ("OK", said.split("/")[-1].split(",")[0])
    later(lab, 49)
    assert (await verdict(stack, capsys))["state"] == "STALE"
    assert await check(stack) == 1


async def test_a_dump_that_fails_says_why(stack: PlayedStack, lab: Lab) -> None:
    inside(lab, "rm /srv/data")
    with pytest.raises(Failed) as raised:
        await begin(stack)
    said = str(raised.value)
    assert said.startswith("app list: `cat /srv/data` ended with exit code 1: cat: ")
    assert said.endswith("; remove the cause and run it again")
    inside(lab, "rm /etc/systemd/system/homebackup-dump-list.service")
    with pytest.raises(Failed, match=r"its unit homebackup-dump-list.service is not there; run pulumi up"):
        await begin(stack)


DAMAGE = {
    "empty": (": > $newest", "it is empty", "is empty"),
    "cut off": (
        "head -c $(($(wc -c < $newest) * 3 / 4)) $newest > /tmp/x; cat /tmp/x > $newest",
        "it is cut off or damaged",
        "is cut off: ",
    ),
    "half the size": (
        "head -c 20 $newest > /tmp/x; cat /tmp/x > $newest",
        "it is suspiciously small",
        "is cut off: 20 of the ",
    ),
}


@pytest.mark.parametrize("how", DAMAGE)
async def test_a_damaged_dump_is_flagged(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    script, said, state = DAMAGE[how]
    for _ in range(2):
        assert await begin(stack) == 0
        later(lab, 1)
    inside(lab, f"newest=$(ls /var/backups/list/*.gz | tail -n 1); {script}")
    later(lab, 1)
    capsys.readouterr()
    assert await check(stack) == 1
    told = capsys.readouterr().out
    assert said in told
    assert told.startswith("BROKEN")
    seen = await verdict(stack, capsys)
    assert (seen["state"], state in seen["said"]) == ("BROKEN", True)
    assert seen["remedy"] == "make one: homebackup app run list"


async def test_a_guest_that_is_off_is_unknown(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.run("pct stop 103")
    seen = await verdict(stack, capsys)
    assert (seen["state"], seen["said"]) == ("UNKNOWN", "guest 103: it is not running")
    for verb in (begin, check):
        with pytest.raises(Unreachable, match="it is not running; start it"):
            await verb(stack)


async def test_an_app_without_a_dump(stack: PlayedStack) -> None:
    with pytest.raises(Missing, match="the site has none of that name; it has list"):
        await app._of(stack, "vaultwarden", dumping.make, home_assistant.make)
    stack.declared["apps"]["list"] = {key: APP[key] for key in APP if key != "dump"} | {"deferred": "later"}
    with pytest.raises(Refused, match="the site declares no dump of it"):
        await begin(stack)


ROWS = "a@example.org 3 2026-01-02\nb@example.org 5 2026-01-03"
SQLITE3 = """#!/bin/sh
case "$*" in '-readonly -bail -separator '*) ;; *) exit 9 ;; esac
tr ' ' "$4" < "$5"
"""


def assessed(stack: PlayedStack, lab: Lab, here: str, there: str) -> None:
    """Two containers with what stands in for a database and for sqlite3, which prints its rows."""
    for vmid, rows in ((103, here), (105, there)):
        lab.control("/run", {"script": f"pct exec {vmid} -- sh -c 'cat > /srv/db' <<'END'\n{rows}\nEND"})
        lab.control(
            "/run",
            {
                "script": f"pct exec {vmid} -- sh -c 'rm -f /usr/bin/sqlite3; cat > /usr/bin/sqlite3;"
                f" chmod 755 /usr/bin/sqlite3' <<'END'\n{SQLITE3}END"
            },
        )
    other = {"name": "the shop's", "guest": "lxc/105", "database": "/srv/db", "dumped": "the shop dumps it each hour"}
    stack.declared["apps"]["list"] = {**APP, "assess": {"database": "/srv/db", "other": other}}


async def answer(stack: PlayedStack) -> int:
    return await app._of(stack, "list", assessing.answer)


async def test_an_instance_whose_data_another_holds_needs_nothing(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    assessed(stack, lab, ROWS, ROWS + "\nc@example.org 1 2026-01-01")
    stack.declared["documents"] = {"GOVERNANCE.md": ["governance"]}
    (stack.folder / "GOVERNANCE.md").write_text("# Ours\n")
    assert await answer(stack) == 0
    told = capsys.readouterr().out
    assert told.startswith("app list: it needs no dump of its own: the shop's holds the same data, and the shop dumps")
    text = (stack.folder / "GOVERNANCE.md").read_text()
    assert text.startswith("# Ours\n")
    assert "Answer: it needs no dump of its own" in text
    assert "guest 103 in tier p1, 03:15: up to 25 h of changes are lost" in " ".join(text.split())
    assert "example.org" not in text, "documents tell no names of users"
    before = text
    assert await answer(stack) == 0
    assert (stack.folder / "GOVERNANCE.md").read_text() == before


async def test_an_instance_of_its_own_needs_its_own(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    assessed(stack, lab, ROWS + "\nd@example.org 1 2026-01-01", ROWS.replace("5", "6"))
    stack.declared["apps"]["list"].pop("dump")
    stack.declared["apps"]["list"]["path"] = "/srv/dumps"
    assert await answer(stack) == 0
    told = capsys.readouterr().out
    assert "it needs dumps of its own beside vzdump: write dump: {recipe: command" in told
    assert "only here: d@example.org" in told
    assert "otherwise there: b@example.org" in told
    assert "of 3 users 1 are only here and 1 hold something else in the shop's" in told


async def test_an_instance_that_cannot_be_asked_is_unknown(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    assessed(stack, lab, ROWS, ROWS)
    lab.run("pct stop 105")
    assert await answer(stack) == 3
    assert "whether the shop's holds the same is not known: guest 105: it is not running" in capsys.readouterr().out
    lab.run("pct start 105")
    lab.run("pct exec 105 -- rm /usr/bin/sqlite3")
    assert await answer(stack) == 3
    assert "not known: sqlite3 is missing there" in capsys.readouterr().out
