"""Every answer of Proxmox VE is the same error on every transport, whatever the reason phrase."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from homebackup.world import errors
from homebackup.world.api import Api
from tests.world.conftest import TRANSPORTS
from tests.world.play import Play, Stage

JOB = "/cluster/backup/nightly"
PARAMETERS = "Parameter verification failed."


class Row(NamedTuple):
    name: str
    method: str
    path: str
    play: Play
    error: type[errors.Trouble]
    part: str


TABLE = [
    Row("storage missing", "GET", "/storage/nas", Play(status=500, message="storage 'nas' does not exist\n"),
        errors.Missing, "storage nas: Proxmox VE on 127.0.0.1 says: storage 'nas' does not exist"),
    Row("storage missing on update", "PUT", "/storage/nas",
        Play(status=500, message="update storage failed: storage 'nas' does not exist\n"), errors.Missing, "storage nas"),
    Row("job missing on read", "GET", JOB, Play(status=400, message=PARAMETERS, errors={"id": "No such job 'nightly'"}),
        errors.Missing, "vzdump job nightly"),
    Row("job missing on update", "PUT", JOB, Play(status=500, message="no such vzdump job\n"), errors.Missing, "nightly"),
    Row("job missing on delete", "DELETE", JOB,
        Play(status=500, message=f"400 {PARAMETERS}\nid: No such job 'nightly'\n"), errors.Missing, "No such job"),
    Row("status of a missing storage", "GET", "/nodes/pve/storage/nas/status",
        Play(status=400, message=PARAMETERS, errors={"storage": "No such storage."}), errors.Missing, "storage nas"),
    Row("no such guest", "GET", "/nodes/pve/qemu/999/config",
        Play(status=500, message="Configuration file 'nodes/pve/qemu-server/999.conf' does not exist\n"),
        errors.Missing, "guest 999"),
    Row("no such guest on delete", "DELETE", "/nodes/pve/lxc/999",
        Play(status=500, message="Configuration file 'nodes/pve/lxc/999.conf' does not exist\n"), errors.Missing, "999"),
    Row("no such archive", "GET", "/nodes/pve/storage/local/content/local:backup/x.vma",
        Play(status=500, message="volume_size_info on 'local:backup/x.vma' failed - no format\n"), errors.Missing, "x.vma"),
    Row("something else is missing", "POST", "/nodes/pve/lxc",
        Play(status=500, message="storage 'nope' does not exist\n"), errors.Refused, "nope"),
    Row("a directory is missing", "POST", "/storage",
        Play(status=500, message="create storage failed: unable to activate storage 'nas' - directory '/mnt/nas' does "
                                 "not exist or is unreachable\n"), errors.Refused, "unreachable"),
    Row("bad parameters", "POST", "/cluster/backup",
        Play(status=400, message=PARAMETERS, errors={"mode": "value 'x' is bad", "zstd": "type check failed"}),
        errors.Refused, "mode: value 'x' is bad; zstd: type check failed"),
    Row("bad parameters found under a lock", "PUT", JOB,
        Play(status=500, message=f"400 {PARAMETERS}\nall: option conflicts with option 'vmid'\n"),
        errors.Refused, "all: option conflicts with option 'vmid'"),
    Row("already there", "POST", "/storage",
        Play(status=500, message="create storage failed: storage ID 'nas' already defined\n"), errors.Refused, "already"),
    Row("not online", "POST", "/storage", Play(status=500, message="create storage failed: storage 'nas' is not online\n"),
        errors.Refused, "not online"),
    Row("root only", "POST", "/cluster/backup",
        Play(status=400, message=PARAMETERS, errors={"tmpdir": "Only root may set this option."}),
        errors.Refused, "/etc/vzdump.conf"),
    Row("bricked job file", "POST", "/cluster/backup", Play(status=500, message="unknown section type ''\n"),
        errors.Refused, "/etc/pve/jobs.cfg is invalid"),
    Row("denied", "GET", "/cluster/backup", Play(status=403, message="Permission check failed (/, Sys.Audit)\n"),
        errors.Denied, "grant Sys.Audit on /"),
    Row("denied under a lock", "PUT", JOB,
        Play(status=500, message="403 Permission check failed (/storage/local, Datastore.Allocate)\n"),
        errors.Denied, "grant Datastore.Allocate on /storage/local"),
    Row("any of two privileges", "GET", "/nodes/pve/storage/local/content",
        Play(status=403, message="Permission check failed (/storage/local, Datastore.Audit|Datastore.AllocateSpace)\n"),
        errors.Denied, "grant Datastore.Audit or Datastore.AllocateSpace on"),
    Row("denied without a path", "GET", "/cluster/backup-info",
        Play(status=403, message="Permission check failed (user != root@pam)\n"), errors.Denied, "root@pam"),
    Row("changed meanwhile", "PUT", "/storage/nas",
        Play(status=500, message="update storage failed: detected modified configuration - file changed by other user? "
                                 "Try again.\n"), errors.Changed, "nothing was overwritten"),
    Row("digest of a guest", "PUT", "/nodes/pve/qemu/101/config",
        Play(status=500, message="checksum mismatch (file change by other user?)\n"), errors.Changed, "guest 101"),
    Row("lock held", "PUT", JOB,
        Play(status=500, message="cfs-lock 'file-jobs_cfg' error: got lock request timeout\n"), errors.Busy, "cfs-lock"),
    Row("other lock", "DELETE", "/nodes/pve/qemu/100", Play(status=500, message="VM is locked (backup)\n"),
        errors.Busy, "locked"),
    Row("unknown node", "GET", "/nodes/other/qemu",
        Play(status=500, message="hostname lookup 'other' failed - failed to get address info for: other: x\n"),
        errors.Unreachable, "name of the node"),
]


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
    params = {"enabled": True, "shared": False, "zstd": 3, "exclude-path": ["/a b", "/ü*"], "comment": "it's $HOME `id`",
              "prune-backups": "keep-last=3", "node": None, "empty": ""}
    stage.plays = [Play(data=None)]
    assert await connect(transport).call("put", JOB, params) is None
    assert stage.asked == [("PUT", JOB, {
        "enabled": "1", "shared": "0", "zstd": "3", "exclude-path": ["/a b", "/ü*"], "comment": "it's $HOME `id`",
        "prune-backups": "keep-last=3", "empty": "",
    })]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("data", [None, [], [{"id": "ü", "n": 1}], {"a": {"b": "c"}}, "OK", 7])
async def test_data_comes_back_as_it_is(
    transport: str, data: object, stage: Stage, connect: Callable[..., Api]
) -> None:
    stage.plays = [Play(data=data)]
    assert await connect(transport).call("GET", "/cluster/backup", {"x": "y"}) == data


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("raw", [b"<html><body>Bad Gateway</body></html>", b'{"data": [{"id": "ni', b'"half', b"\xff\xfe"])
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
async def test_a_path_goes_where_it_says(
    transport: str, path: str, stage: Stage, connect: Callable[..., Api]
) -> None:
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
