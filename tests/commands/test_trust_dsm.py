"""`homebackup trust --dsm` on the lab's NAS: the certificate is compared, a code is asked for where one is wanted."""

from __future__ import annotations

import io

import pytest

from homebackup.commands.trust_dsm import trust_dsm
from homebackup.world.connection import Problems
from homebackup.world.errors import NotLoggedIn, Untrusted
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab

OTHER = "AA:" * 31 + "AA"


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The stack's way to the lab's NAS, trusting nothing yet and known to nobody."""
    dsm = lab.facts["dsm"]
    told = {f"dsm{key.capitalize()}": dsm[key] for key in ("url", "account", "password")}
    stack.stored = {"host": "127.0.0.1", **told}
    lab.control("/requests", method="DELETE")


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


async def test_a_code_is_traded_for_a_device_that_needs_none(
    stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.control("/dsm", {"code": "271828"})
    typed(monkeypatch, "271828\n")
    assert await trust_dsm(stack, yes=True, replace=False) == 0
    assert stack.stored["dsmFingerprint"] == lab.facts["dsm"]["fingerprint"]
    device = stack.stored["dsmDevice"]
    assert device in lab.control("/dsm")["devices"]
    said = capsys.readouterr().out
    assert "in DSM: Control Panel, Security, Certificate" in said
    assert device not in said + " ".join(stack.ran) + str(stack.journal())

    assert await trust_dsm(stack, yes=False, replace=False) == 0
    assert capsys.readouterr().out.endswith("DSM of 127.0.0.1 lets homebackup in.\n")


async def test_a_wrong_code_is_tried_once_and_nothing_is_stored(
    stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "000000\n")
    with pytest.raises(NotLoggedIn, match="the one-time code is wrong or over"):
        await trust_dsm(stack, yes=True, replace=False)
    assert "dsmDevice" not in stack.stored
    logins = [one for one in lab.control("/requests", method="GET") if one.get("command") == "SYNO.API.Auth login"]
    assert [one["status"] for one in logins] == [403, 404]


async def test_who_gives_no_code_stores_none(stack: PlayedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "")
    assert await trust_dsm(stack, yes=True, replace=False) == 1
    assert "dsmDevice" not in stack.stored


async def test_an_account_without_a_second_factor_is_asked_for_none(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.control("/dsm", {"second_factor": False})
    assert await trust_dsm(stack, yes=True, replace=False) == 0
    assert "lets homebackup in" in capsys.readouterr().out


async def test_another_certificate_than_the_stored_one_gets_no_password(stack: PlayedStack, lab: Lab) -> None:
    stack.stored["dsmFingerprint"] = OTHER
    with pytest.raises(Untrusted, match=r"run homebackup trust --dsm --replace"):
        await trust_dsm(stack, yes=True, replace=False)
    assert lab.control("/requests", method="GET") == []


async def test_a_certificate_that_is_not_agreed_to_ends_it(
    stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "n\n")
    assert await trust_dsm(stack, yes=False, replace=False) == 1
    assert lab.control("/requests", method="GET") == []


async def test_a_stack_that_names_no_dsm_is_told(stack: PlayedStack) -> None:
    del stack.stored["dsmUrl"]
    with pytest.raises(Problems, match="dsmUrl: is missing"):
        await trust_dsm(stack, yes=True, replace=False)
