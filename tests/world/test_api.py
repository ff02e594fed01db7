"""What is repeated, how many calls run at once, and what readers share."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from homebackup.world import errors
from homebackup.world.api import Api
from homebackup.world.connection import Connection
from homebackup.world.repeat import Repeat
from tests.world.conftest import SOON, TRANSPORTS
from tests.world.play import Play, Stage, until

Connect = Callable[..., Api]
LOCK = Play(status=500, message="cfs-lock 'file-jobs_cfg' error: got lock request timeout\n")
BROKEN = Play(status=596, raw=b"")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_lock_that_timed_out_is_asked_for_again(transport: str, stage: Stage, connect: Connect) -> None:
    stage.plays = [LOCK, LOCK, LOCK, Play(data=None)]
    assert await connect(transport).call("POST", "/cluster/backup", {"id": "nightly"}) is None
    assert len(stage.asked) == 4
    assert all(asked == stage.asked[0] for asked in stage.asked)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_status_596_is_asked_again(method: str, stage: Stage, connect: Connect) -> None:
    stage.plays = [BROKEN, BROKEN, Play(data="done")]
    assert await connect("token").call(method, "/cluster/backup") == "done"
    assert len(stage.asked) == 3


async def test_patience_has_an_end(stage: Stage, connect: Connect) -> None:
    stage.plays = [BROKEN]
    with pytest.raises(errors.Unreachable) as caught:
        await connect("token").call("POST", "/cluster/backup", {"id": "nightly"})
    assert not caught.value.maybe_done
    assert len(stage.asked) == SOON.tries
    stage.plays = [LOCK]
    with pytest.raises(errors.Busy):
        await connect("token").call("PUT", "/cluster/backup/nightly", {"enabled": True})
    assert len(stage.asked) == 2 * SOON.tries


async def test_595_is_asked_again_only_for_reading(stage: Stage, connect: Connect) -> None:
    stage.plays = [Play(status=595, raw=b""), Play(data="here")]
    assert await connect("token").call("GET", "/nodes/other/qemu") == "here"
    stage.plays = [Play(status=595, raw=b""), Play(data="twice")]
    with pytest.raises(errors.Unreachable):
        await connect("token").call("POST", "/nodes/other/vzdump")
    assert len(stage.asked) == 3


@pytest.mark.parametrize(
    "play",
    [
        Play(status=500, message="VM is locked (backup)\n"),
        Play(status=500, message="storage 'nas' is not online\n"),
        Play(status=403, message="Permission check failed (/, Sys.Modify)\n"),
        Play(status=502, raw=b"<html>"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_nothing_else_is_repeated(play: Play, method: str, stage: Stage, connect: Connect) -> None:
    stage.plays = [play, Play(data="twice")]
    with pytest.raises(errors.Trouble):
        await connect("token").call(method, "/storage/nas")
    assert len(stage.asked) == 1


def test_pauses_grow_vary_and_end() -> None:
    repeat = Repeat()
    pauses = [[repeat.pause(attempt) for _ in range(50)] for attempt in range(10)]
    for attempt, some in enumerate(pauses):
        whole = min(5.0, 0.25 * 2**attempt)
        assert all(whole / 2 <= pause <= whole for pause in some)
        assert len(set(some)) > 1


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_at_most_four_changes_at_once(transport: str, stage: Stage, connect: Connect) -> None:
    stage.pause = 0.03
    api = connect(transport)
    await asyncio.gather(*(api.call("PUT", f"/cluster/backup/job{n}", {"enabled": True}) for n in range(12)))
    assert stage.most_at_once == 4
    assert len(stage.asked) == 12


async def test_the_number_of_changes_at_once_may_be_set(stage: Stage, config: Callable[..., dict[str, str]]) -> None:
    stage.pause = 0.02
    api = Api(Connection.parse(config("token")), writes=1)
    await asyncio.gather(*(api.call("PUT", f"/cluster/backup/job{n}") for n in range(5)))
    await api.close()
    assert stage.most_at_once == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_readers_of_a_list_share_one_call(transport: str, stage: Stage, connect: Connect) -> None:
    stage.plays = [Play(data=[{"id": "nightly"}])]
    api = connect(transport)
    lists = await asyncio.gather(*(api.listing("/cluster/backup") for _ in range(500)))
    assert all(found == [{"id": "nightly"}] for found in lists)
    await api.listing("/cluster/backup")
    assert len(stage.asked) == 1
    await api.listing("/storage")
    assert len(stage.asked) == 2


async def test_a_change_ends_the_sharing(stage: Stage, connect: Connect) -> None:
    stage.plays = [Play(data="old"), Play(data=None), Play(data="new")]
    api = connect("token")
    assert await api.listing("/storage") == "old"
    await api.call("PUT", "/storage/nas", {"shared": True})
    assert await api.listing("/storage") == "new"


async def test_a_failed_change_ends_the_sharing_too(stage: Stage, connect: Connect) -> None:
    stage.plays = [Play(data="old"), Play(status=500, message="no\n"), Play(data="new")]
    api = connect("token")
    await api.listing("/storage")
    with pytest.raises(errors.Refused):
        await api.call("PUT", "/storage/nas", {"shared": True})
    assert await api.listing("/storage") == "new"


async def test_a_list_read_while_a_change_ran_is_not_shared_after_it(stage: Stage, connect: Connect) -> None:
    stage.pause = 0.2
    api = connect("token")
    change = asyncio.create_task(api.call("PUT", "/storage/nas", {"shared": True}))
    await until(lambda: len(stage.asked) == 1)
    during = asyncio.create_task(api.listing("/storage"))
    await change
    await api.listing("/storage")
    await during
    assert [method for method, *_ in stage.asked] == ["PUT", "GET", "GET"]


async def test_sharing_ends_after_a_while(stage: Stage, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    api = connect("token")
    await api.listing("/storage")
    monkeypatch.setattr("homebackup.world.api.FRESH", -1.0)
    await api.listing("/storage")
    assert len(stage.asked) == 2


async def test_a_reader_that_leaves_takes_nobody_with_it(stage: Stage, connect: Connect) -> None:
    stage.pause = 0.05
    api = connect("token")
    first = asyncio.create_task(api.listing("/storage"))
    second = asyncio.create_task(api.listing("/storage"))
    await until(lambda: len(stage.asked) == 1)
    first.cancel()
    assert await second == []
    assert len(stage.asked) == 1


async def test_a_failure_is_shared_like_an_answer(stage: Stage, connect: Connect) -> None:
    stage.plays = [Play(status=403, message="Permission check failed (/, Sys.Audit)\n")]
    api = connect("token")
    results = await asyncio.gather(*(api.listing("/cluster/backup") for _ in range(20)), return_exceptions=True)
    assert all(isinstance(result, errors.Denied) for result in results)
    assert len(stage.asked) == 1


@pytest.mark.parametrize(
    ("transport", "changes", "may"),
    [
        ("ticket", {}, True),
        ("ticket", {"user": "admin@pve"}, False),
        ("token", {}, False),
        ("ssh", {}, True),
        ("ssh", {"sshUser": "backup"}, False),
    ],
)
async def test_only_root_may_set_root_options(
    transport: str, changes: dict[str, str], may: bool, connect: Connect
) -> None:
    assert connect(transport, **changes).may_set_root_options is may


async def test_a_secret_never_becomes_an_argument(stage: Stage, connect: Connect) -> None:
    with pytest.raises(errors.Refused) as caught:
        await connect("ssh").call("POST", "/storage", {"storage": "share", "password": "hunter2"})
    assert "hunter2" not in str(caught.value)
    assert "api to https" in str(caught.value)
    assert stage.asked == []


async def test_a_call_may_take_longer_than_the_connection_says(stage: Stage, connect: Connect) -> None:
    stage.pause = 0.3
    api = connect("ssh", timeout="0.1")
    await api.host.run("true")
    assert await api.call("GET", "/version", timeout=5) == []


async def test_a_task_comes_back_as_its_upid(stage: Stage, connect: Connect) -> None:
    upid = "UPID:pve:0000A1B2:000C3D4E:6738AABB:vzdump:999:root@pam:"
    log = b"INFO: starting new backup job: vzdump 999\nERROR: Backup of VM 999 failed\n" + f'"{upid}"\n'.encode()
    stage.plays = [Play(raw=log)]
    assert await connect("ssh").call("POST", "/nodes/pve/vzdump", {"vmid": 999}) == upid
    stage.plays = [Play(data=upid, stderr="job errors\n")]
    assert await connect("ssh").call("POST", "/nodes/pve/vzdump", {"vmid": 999}) == upid


@pytest.mark.parametrize(
    ("stderr", "code", "error", "part"),
    [
        (
            "Unknown option: bogus\n400 unable to parse option\npvesh set <api_path> [OPTIONS]\n",
            255,
            errors.Refused,
            "bogus: property is not known",
        ),
        ("No 'get' handler defined for '/nope'\n", 1, errors.Refused, "8.0 or later"),
        ("400 unable to parse boolean option\npvesh set <api_path> [OPTIONS]\n", 255, errors.Refused, "boolean"),
        ("sh: 1: pvesh: not found\n", 127, errors.Unreachable, "there is no pvesh on"),
        ("Use of uninitialized value\nvolume 'local:backup/x.tar' does not exist\n", 2, errors.Missing, "x.tar"),
        ("", 255, errors.Unreachable, "nothing else"),
    ],
)
async def test_what_pvesh_says_in_its_own_way(
    stderr: str, code: int, error: type[errors.Trouble], part: str, stage: Stage, connect: Connect
) -> None:
    stage.plays = [Play(stderr=stderr, exit=code)]
    with pytest.raises(error) as caught:
        await connect("ssh").call("GET", "/storage/local")
    assert part in str(caught.value)


async def test_warnings_beside_an_answer_do_not_matter(stage: Stage, connect: Connect) -> None:
    stage.plays = [Play(data=[1], stderr="Wide character in print at Tools.pm line 301.\n")]
    assert await connect("ssh").call("GET", "/cluster/backup") == [1]


async def test_over_ssh_the_host_and_the_api_share_one_connection(
    connect: Connect, ssh: Any, stage: Stage, tmp_path: Path
) -> None:
    api = connect("ssh")
    await asyncio.gather(api.call("GET", "/version"), api.host.run("true"), api.call("GET", "/storage"))
    assert ssh.made == 1
