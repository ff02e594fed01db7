"""Who may write what on the simulated host and its NAS, and mounts that a command has for itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.house import SOURCE, TARGET, House, house

MAPPED = "setpriv --reuid=100000 --regid=100000 --clear-groups"


def rule(one: House, **change: Any) -> None:
    """The NAS's one rule of NFS."""
    one.nas._rules = {}
    one.nas.rules = {"backups": [{"client": "10.0.0.50", "privilege": "rw", "root_squash": "root", **change}]}


async def test_another_user_writes_where_he_may_and_passes_where_he_may(tmp_path: Path) -> None:
    async with house(tmp_path, "") as one:
        await one.out("mkdir /open /closed /closed/in; chmod 1777 /open /closed/in; chmod 700 /closed")
        assert await one.out(f"{MAPPED} id -u") == "100000"
        assert await one.out(f"{MAPPED} sh -c 'echo x > /open/x; mv /open/x /open/y'; stat -c %u /open/y") == "100000"
        for refused in ("touch /x", "touch /closed/in/x", "chmod 777 /open", "rm /closed/in"):
            assert (await one.run(f"{MAPPED} {refused}")).code == 1, refused
        assert await one.out("id -u; rm /open/y; touch /closed/in/x") == "0"


@pytest.mark.parametrize(
    ("change", "root", "mapped", "owner"),
    [
        ({}, 0, 0, "0"),
        ({"root_squash": "admin"}, 0, 0, "1024"),
        ({"root_squash": "guest"}, 1, 1, ""),
        ({"root_squash": "all_admin"}, 0, 0, "1024"),
        ({"privilege": "ro"}, 1, 1, ""),
    ],
)
async def test_the_nas_takes_users_for_others(
    tmp_path: Path, change: dict[str, str], root: int, mapped: int, owner: str
) -> None:
    async with house(tmp_path) as one:
        rule(one, **change)
        assert (await one.run(f"mkdir -m 1777 {TARGET}/made")).code == root
        assert (await one.run(f"{MAPPED} touch {TARGET}/made/x")).code == mapped
        if not root:
            assert await one.out(f"stat -c %u {TARGET}/made") == owner


async def test_a_nas_may_refuse_users_whom_it_does_not_know(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        rule(one)
        one.nas.strangers = False
        await one.out(f"mkdir -m 1777 {TARGET}/made")
        ran = await one.run(f"{MAPPED} touch {TARGET}/made/x")
        assert (ran.code, "Permission denied" in ran.err) == (1, True)


async def test_files_of_the_nas_bear_its_time(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        one.nas.ahead = 3600
        ahead = await one.out(f"echo x > {TARGET}/x; echo $(($(stat -c %Y {TARGET}/x) - $(date +%s)))")
        assert abs(int(ahead) - 3600) <= 1
        assert abs(int(await one.out("echo x > /x; echo $(($(stat -c %Y /x) - $(date +%s)))"))) <= 1


async def test_mounts_of_a_namespace_show_nowhere_else_and_end_with_it(tmp_path: Path) -> None:
    async with house(tmp_path, "") as one:
        await one.out("mkdir /m /t")
        inside = f"mount -t nfs {SOURCE} /m; mount -t tmpfs x /t; echo in > /m/file; cat /proc/mounts"
        assert f"{SOURCE} /m nfs4" in await one.out(f"unshare -m sh -c '{inside}'")
        assert await one.out("grep -c ' /m \\| /t ' /proc/mounts || true") == "0"
        assert await one.out("ls /m /t | grep -v : || true") == ""
        await one.out(f"mount -t nfs {SOURCE} /m; unshare -m umount /m")
        assert await one.out("cat /m/file") == "in", "what is unmounted there stays here"
        assert (await one.run("unshare -n true")).code == 1
