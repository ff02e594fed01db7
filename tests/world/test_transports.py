"""Every answer of Proxmox VE is the same error on every transport, whatever the reason phrase."""

from collections.abc import Callable

import pytest

from homebackup.world import errors
from homebackup.world.api import Api
from tests.world.answer_table import JOB, PARAMETERS, TABLE, Row
from tests.world.conftest import TRANSPORTS
from tests.world.play import Play, Stage


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
async def test_an_answer_is_one_error_on_every_transport(
    row: Row, transport: str, stage: Stage, connect: Callable[..., Api]
) -> None:
    stage.plays = [row.play]
    with pytest.raises(errors.Trouble) as caught:
        await connect(transport).call(row.method, row.path)
    assert type(caught.value) is row.error
    sentence = str(caught.value)
    assert row.part in sentence
    assert "\n" not in sentence
    assert "reason" not in sentence
    assert stage.asked[0][:2] == (row.method, row.path)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_the_parameters_that_were_refused_are_named(
    transport: str, stage: Stage, connect: Callable[..., Api]
) -> None:
    stage.plays = [Play(status=500, message=f"400 {PARAMETERS}\nall: conflicts\nvmid: property is missing\n")]
    with pytest.raises(errors.Refused) as caught:
        await connect(transport).call("PUT", JOB, {"all": True})
    assert caught.value.errors == {"all": "conflicts", "vmid": "property is missing"}


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_path_and_privilege_are_told(transport: str, stage: Stage, connect: Callable[..., Api]) -> None:
    stage.plays = [Play(status=403, message="Permission check failed (/vms/105, VM.Backup)\n")]
    with pytest.raises(errors.Denied) as caught:
        await connect(transport).call("DELETE", "/nodes/pve/lxc/105")
    assert (caught.value.path, caught.value.privilege) == ("/vms/105", "VM.Backup")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_parameters_arrive_as_proxmox_takes_them(
    transport: str, stage: Stage, connect: Callable[..., Api]
) -> None:
    params = {
        "enabled": True,
        "shared": False,
        "zstd": 3,
        "exclude-path": ["/a b", "/ü*"],
        "comment": "it's $HOME `id`",
        "prune-backups": "keep-last=3",
        "node": None,
        "empty": "",
    }
    stage.plays = [Play(data=None)]
    assert await connect(transport).call("put", JOB, params) is None
    assert stage.asked == [
        (
            "PUT",
            JOB,
            {
                "enabled": "1",
                "shared": "0",
                "zstd": "3",
                "exclude-path": ["/a b", "/ü*"],
                "comment": "it's $HOME `id`",
                "prune-backups": "keep-last=3",
                "empty": "",
            },
        )
    ]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("data", [None, [], [{"id": "ü", "n": 1}], {"a": {"b": "c"}}, "OK", 7])
async def test_data_comes_back_as_it_is(
    transport: str, data: object, stage: Stage, connect: Callable[..., Api]
) -> None:
    stage.plays = [Play(data=data)]
    assert await connect(transport).call("GET", "/cluster/backup", {"x": "y"}) == data


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("raw", [b"<html>Bad Gateway</html>", b'{"data": [{"id": "ni', b'"half', b"\xff\xfe"])
async def test_what_is_no_answer_of_proxmox_is_unreachable(
    transport: str, raw: bytes, stage: Stage, connect: Callable[..., Api]
) -> None:
    stage.plays = [Play(raw=raw)]
    with pytest.raises(errors.Unreachable) as caught:
        await connect(transport).call("GET", "/storage")
    assert "127.0.0.1" in str(caught.value)
    assert not caught.value.maybe_done
    with pytest.raises(errors.Unreachable) as caught:
        await connect(transport).call("POST", "/storage", {"storage": "nas"})
    assert caught.value.maybe_done
    assert "may or may not have been done" in str(caught.value)
    assert len(stage.asked) == 2


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("bad", ["a\nb", "a\tb", "a\x00b", "a\x7fb", "a\x1b[2Jb", "a\x85b"])
async def test_no_control_character_leaves_us(
    transport: str, bad: str, stage: Stage, connect: Callable[..., Api]
) -> None:
    api = connect(transport)
    for params in ({"comment": bad}, {bad: "x"}, {"exclude-path": ["/ok", bad]}):
        with pytest.raises(errors.Refused) as caught:
            await api.call("POST", "/cluster/backup", params)
        assert "control character U+00" in str(caught.value)
    with pytest.raises(errors.Refused):
        await api.call("GET", f"/storage/{bad}")
    assert stage.asked == []


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_notes_may_have_lines(transport: str, stage: Stage, connect: Callable[..., Api]) -> None:
    await connect(transport).call("PUT", "/nodes/pve/storage/local/content/local:backup/x", {"notes": "one\ntwo"})
    assert stage.asked[0][2] == {"notes": "one\ntwo"}
    with pytest.raises(errors.Refused):
        await connect(transport).call("PUT", "/nodes/pve/storage/local/content/local:backup/x", {"notes": "one\rtwo"})


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("path", ["storage", "/storage/../nodes", "/storage/."])
async def test_a_path_goes_where_it_says(transport: str, path: str, stage: Stage, connect: Callable[..., Api]) -> None:
    with pytest.raises(errors.Refused):
        await connect(transport).call("GET", path)
    assert stage.asked == []


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", ["a#b", "a?b=c", "a%2e", "ü", "a b"])
async def test_a_name_in_a_path_arrives_whole(
    transport: str, name: str, stage: Stage, connect: Callable[..., Api]
) -> None:
    await connect(transport).call("GET", f"/storage/{name}")
    assert stage.asked[0][1] == f"/storage/{name}"
