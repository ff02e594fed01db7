"""Every refusal that Proxmox VE was recorded giving has its error, and the same one when `pvesh` prints it."""

import json
from pathlib import Path
from urllib.parse import unquote

import pytest

from homebackup.model.plain import one_line
from homebackup.world import errors
from homebackup.world.answers import Asked, parameter_errors, trouble
from homebackup.world.pvesh import refusal
from tests.world.play import Play, pvesh_says

RECORDINGS = Path(__file__).parent.parent / "lab" / "recordings"


def recorded() -> list[tuple[Asked, Play]]:
    found = {}
    for name in ("cases.jsonl", "restore.jsonl"):
        for line in (RECORDINGS / name).read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if case.get("status", 200) >= 400 and case.get("message"):
                play = Play(status=case["status"], message=case["message"], errors=case.get("errors"))
                asked = Asked("pve.lan", case["method"], unquote(case["path"]))
                found[(asked, play.status, play.message, str(play.errors))] = (asked, play)
    return list(found.values())


CASES = recorded()


def test_there_are_recorded_refusals() -> None:
    assert len(CASES) > 100


@pytest.mark.parametrize(("asked", "play"), CASES)
def test_a_recorded_refusal_has_its_error(asked: Asked, play: Play) -> None:
    error = trouble(asked, play.status, play.message, play.errors)
    sentence = str(error)
    inner = int(play.message[:3]) if play.status == 500 and play.message[:4] in ("400 ", "403 ") else play.status
    allowed: dict[int, tuple[type[errors.Trouble], ...]] = {
        400: (errors.Refused, errors.Missing),
        401: (errors.NotLoggedIn,),
        403: (errors.Denied, errors.Refused),
        500: (errors.Refused, errors.Missing, errors.Changed, errors.Busy, errors.Unreachable),
        501: (errors.Refused,),
    }
    assert isinstance(error, allowed[inner])
    assert sentence.startswith(f"{error.subject}: ")
    assert len(sentence) < 1400
    if play.errors and isinstance(error, errors.Refused):
        assert list(error.errors) == list(play.errors)


@pytest.mark.parametrize(("asked", "play"), CASES)
def test_a_recorded_refusal_is_the_same_error_from_pvesh(asked: Asked, play: Play) -> None:
    if play.status == 501 or asked.path == "/access/ticket":
        return  # these have words of their own there, or none
    over_https = trouble(asked, play.status, play.message, play.errors)
    over_ssh = refusal(asked, pvesh_says(play, "set")[1].decode())
    assert type(over_ssh) is type(over_https)
    if isinstance(over_https, errors.Refused) and isinstance(over_ssh, errors.Refused):
        assert list(over_ssh.errors) == list(over_https.errors)
    if isinstance(over_https, errors.Denied) and isinstance(over_ssh, errors.Denied):
        assert (over_ssh.path, over_ssh.privilege) == (over_https.path, over_https.privilege)


def test_a_message_of_many_lines_is_read_by_parameter() -> None:
    message = (
        "Parameter verification failed.\nprune-backups: invalid format - format error\n"
        "prune-backups.keep-last: type check ('integer') failed - got 'x'\n\nvmid: bad\n  and worse\n"
    )
    assert parameter_errors(message) == {
        "prune-backups": "invalid format - format error prune-backups.keep-last: "
        "type check ('integer') failed - got 'x'",
        "vmid": "bad and worse",
    }
    assert parameter_errors("storage 'x' does not exist\nvmid: bad") == {}


def test_foreign_text_is_tamed() -> None:
    assert one_line("a\n b\x1b[31m\x00c\u2028d\u202ee.") == "a b [31m c d e"
    assert len(one_line("x" * 5000)) == 601
    error = errors.Missing("storage\nnas", "it\tis not there.", "make it.")
    assert str(error) == "storage nas: it is not there; make it"


@pytest.mark.parametrize(
    ("path", "name", "subject"),
    [
        ("/cluster/backup/nightly", "", "vzdump job nightly"),
        ("/cluster/backup/nightly/included_volumes", "", "vzdump job nightly"),
        ("/cluster/backup", "nightly", "vzdump job nightly"),
        ("/cluster/backup", "", "POST /cluster/backup"),
        ("/storage/nas", "", "storage nas"),
        ("/storage", "nas", "storage nas"),
        ("/nodes/pve/storage/nas/status", "", "storage nas"),
        ("/nodes/pve/storage/nas/content/nas:backup/x.vma", "", "volume nas:backup/x.vma"),
        ("/nodes/pve/lxc/103/status/start", "", "guest 103"),
        ("/version", "", "POST /version"),
    ],
)
def test_a_call_is_about_something(path: str, name: str, subject: str) -> None:
    assert Asked("pve", "POST", path, name).subject == subject
