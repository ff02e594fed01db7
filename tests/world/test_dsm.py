"""The client of the NAS's management on the lab: every refusal is a sentence, and no login is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from homebackup.model.steps import Ask, Replaced
from homebackup.world.connection import Connection, Problems
from homebackup.world.dsm import Dsm
from homebackup.world.errors import (
    Changed,
    Denied,
    Failed,
    Missing,
    NotLoggedIn,
    Refused,
    Trouble,
    Unreachable,
    Untrusted,
)
from homebackup.world.live_site import LiveSite
from tests.running_lab import Lab

SHARES = "SYNO.Core.Share list"
LOAD, SAVE = (f"SYNO.Core.FileServ.NFS.SharePrivilege {method}" for method in ("load", "save"))
BACKUPS = {"share_name": "backups"}
MakeDsm = Callable[..., Dsm]


@pytest.fixture
async def dsm(lab: Lab) -> AsyncIterator[MakeDsm]:
    """Makes a client of the lab's NAS with changes of the configuration; it is closed at the end."""
    made: list[Dsm] = []

    def make(**changes: str) -> Dsm:
        made.append(Dsm(Connection.parse({"lab": str(lab.ready), "timeout": "5"} | changes)))
        return made[-1]

    yield make
    for one in made:
        await one.close()


def said(lab: Lab, method: str = "login") -> list[int]:
    """The codes that calls of a method ended with so far."""
    requests = lab.control("/requests", method="GET")
    return [one["status"] for one in requests if one["kind"] == "dsm" and one["command"].endswith(f" {method}")]


@pytest.fixture(autouse=True)
def _nothing_asked(lab: Lab) -> None:
    lab.control("/requests", method="DELETE")


async def test_one_login_serves_many_calls_and_is_ended(lab: Lab, dsm: MakeDsm) -> None:
    client = dsm()
    found = [await client.ask(SHARES, {}) for _ in range(3)]
    assert [one["name"] for one in found[0]["shares"]] == ["backups", "offsite", "photo"]
    await client.close()
    assert said(lab) == [0]
    assert lab.control("/dsm")["sessions"] == 0


LOGINS = [
    (400, "it does not take this account with this password"),
    (401, "the account is disabled"),
    (402, "the account may not log in"),
    (406, "it wants this account to have a second factor"),
    (407, "it blocks this machine's address"),
    (408, "the account's password is over"),
    (409, "the account's password is over"),
    (410, "the account's password has to be changed"),
    (411, "the account is locked"),
    (499, "it refused the login with code 499"),
]


@pytest.mark.parametrize(("code", "sentence"), LOGINS)
async def test_a_login_that_is_refused_is_tried_once(lab: Lab, dsm: MakeDsm, code: int, sentence: str) -> None:
    lab.control("/dsm", {"trouble": code})
    client = dsm()
    for _ in range(3):
        with pytest.raises(NotLoggedIn, match=sentence) as caught:
            await client.ask(SHARES, {})
        assert lab.facts["dsm"]["password"] not in str(caught.value)
    assert said(lab) == [code]


async def test_a_wrong_password_is_tried_once(lab: Lab, dsm: MakeDsm) -> None:
    client = dsm(dsmPassword="wrong")
    for _ in range(3):
        with pytest.raises(NotLoggedIn, match="correct dsmAccount or dsmPassword"):
            await client.ask(SHARES, {})
    assert said(lab) == [400]


async def test_a_wanted_one_time_code_says_how_to_give_it(dsm: MakeDsm) -> None:
    with pytest.raises(NotLoggedIn, match=r"it asks for a one-time code; .* homebackup trust --dsm"):
        await dsm(dsmDevice="forgotten").ask(SHARES, {})


@pytest.mark.parametrize("version", [6, 7])
async def test_a_one_time_code_makes_a_device_that_needs_none(lab: Lab, dsm: MakeDsm, version: int) -> None:
    lab.control("/dsm", {"code": "314159", "login_version": version})
    with pytest.raises(NotLoggedIn, match="the one-time code is wrong"):
        await dsm().trust("000000")
    device = await dsm().trust("314159")
    assert (await dsm(dsmDevice=device).ask(SHARES, {}))["total"] == 3


@pytest.mark.parametrize("code", [106, 107, 119])
async def test_a_session_that_is_over_is_begun_anew_once(lab: Lab, dsm: MakeDsm, code: int) -> None:
    client = dsm()
    await client.ask(SHARES, {})
    lab.control("/dsm", {"expire": code})
    assert (await client.ask(SHARES, {}))["total"] == 3
    assert said(lab) == [0, 0]
    assert said(lab, "list") == [0, code, 0]


async def test_a_session_that_is_over_at_once_ends_it(lab: Lab, dsm: MakeDsm) -> None:
    client = dsm()
    await client.ask(SHARES, {})
    lab.control("/dsm", {"fails": {SHARES: 106}, "expire": 106})
    with pytest.raises(NotLoggedIn, match="it ended a new session at once, with code 106"):
        await client.ask(SHARES, {})
    assert said(lab) == [0, 0]


ANSWERS: list[tuple[int, type[Trouble], str]] = [
    (100, Refused, "it answered code 100"),
    (101, Refused, "a parameter of SYNO.Core.Share list is wrong"),
    (103, Missing, "its SYNO.Core.Share has no list"),
    (104, Missing, "in other versions"),
    (105, Denied, "account homebackup may not use SYNO.Core.Share list"),
    (2001, Refused, "are not whole"),
    (2301, Refused, "it refused the NFS rules"),
    (2370, Missing, "it has no such shared folder"),
    (2371, Denied, "may not change the share's NFS rules"),
    (2372, Denied, "may not change the share's NFS rules"),
    (4410, Failed, "Hyper Backup answered code 4410"),
    (31337, Refused, "it answered code 31337"),
]


@pytest.mark.parametrize(("code", "kind", "sentence"), ANSWERS)
async def test_every_code_is_a_sentence(lab: Lab, dsm: MakeDsm, code: int, kind: type[Trouble], sentence: str) -> None:
    lab.control("/dsm", {"fails": {SHARES: code}})
    with pytest.raises(kind, match=sentence) as caught:
        await dsm().ask(SHARES, {})
    assert str(caught.value).startswith("DSM of 127.0.0.1: ")
    assert said(lab, "list") == [code]


async def test_a_package_that_is_not_there_is_said(dsm: MakeDsm) -> None:
    with pytest.raises(Missing, match=r"it has no SYNO\.Photos\.Task; update DSM or install the package"):
        await dsm().ask("SYNO.Photos.Task list", {})


async def test_another_certificate_is_not_trusted_and_sees_no_password(lab: Lab, dsm: MakeDsm) -> None:
    pin = "AA:" * 31 + "AA"
    with pytest.raises(Untrusted, match="homebackup trust --dsm --replace") as caught:
        await dsm(dsmFingerprint=pin).ask(SHARES, {})
    assert (caught.value.old, caught.value.new) == (pin, lab.facts["dsm"]["fingerprint"])
    assert lab.control("/requests", method="GET") == []


async def test_a_certificate_that_nobody_vouches_for_is_told(lab: Lab, dsm: MakeDsm) -> None:
    reached = {f"dsm{key.capitalize()}": lab.facts["dsm"][key] for key in ("url", "account", "password", "device")}
    with pytest.raises(Untrusted, match="not vouched for by the system's authorities") as caught:
        await dsm(**reached).ask(SHARES, {})
    assert caught.value.new == lab.facts["dsm"]["fingerprint"]


def test_a_password_does_not_go_over_plain_http(dsm: MakeDsm) -> None:
    with pytest.raises(Refused, match=r"over plain http.*; set dsmUrl to https://10\.0\.0\.150:5001"):
        dsm(dsmUrl="http://10.0.0.150:5000", dsmAccount="a", dsmPassword="b")


def test_what_is_missing_is_named(lab: Lab) -> None:
    with pytest.raises(Problems) as caught:
        Dsm(Connection.parse({"host": "10.0.0.50", "dsmUrl": "https://10.0.0.150:5001"}))
    assert set(caught.value.errors) == {"dsmAccount", "dsmPassword"}


async def test_a_nas_that_is_off_is_unreachable(lab: Lab, dsm: MakeDsm) -> None:
    client = dsm()
    await client.ask(SHARES, {})
    lab.control("/nas", {"power": "off"})
    with pytest.raises(Unreachable, match="see that the NAS is on") as caught:
        await client.ask(SAVE, {})
    assert caught.value.maybe_done
    with pytest.raises(Unreachable) as caught:
        await client.ask(LOAD, {})
    assert not caught.value.maybe_done


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("<html>Bad gateway</html>", "nothing that DSM gives"),
        ("[]", "nothing that DSM gives"),
        ('{"success": true, "data": ["SYNO.API.Auth"]}', "nothing that DSM gives"),
        ("{}", "it is no DSM"),
        ('{"success": true, "data": {"SYNO.API.Auth": 7}}', "it is no DSM"),
        ('{"success": true, "data": {"SYNO.API.Auth": {"maxVersion": 7}}}', "a login without a session"),
    ],
)
async def test_what_is_no_dsm_is_told(dsm: MakeDsm, body: str, sentence: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        with pytest.raises(Unreachable, match=sentence):
            await dsm(dsmUrl=url, dsmAccount="a", dsmPassword="b").ask(SHARES, {})
    finally:
        await runner.cleanup()


def _step(before: Any, rules: list[Any]) -> Ask:
    return Ask("dsm", SAVE, {**BACKUPS, "rule": rules}, replaces=Replaced(LOAD, BACKUPS, before, {"rule": rules}))


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(lab: Lab) -> None:
    site = LiveSite(Connection.parse({"lab": str(lab.ready)}))
    try:
        before = await site.ask("dsm", LOAD, BACKUPS)
        theirs = [before["rule"][0] | {"client": "10.0.0.99"}]
        lab.control("/dsm", {"rules": {"backups": theirs}})
        with pytest.raises(Changed, match="somebody else changed it"):
            await site.perform(_step(before, []))
        assert (await site.ask("dsm", LOAD, BACKUPS))["rule"] == theirs
        assert said(lab, "save") == []
    finally:
        await site.close()


async def test_what_the_nas_keeps_otherwise_than_it_was_sent_is_told(lab: Lab) -> None:
    site = LiveSite(Connection.parse({"lab": str(lab.ready)}))
    try:
        before = await site.ask("dsm", LOAD, BACKUPS)
        lab.control("/dsm", {"meanwhile": {SAVE: {"backups": []}}})
        with pytest.raises(Failed, match="keeps something else than what was sent"):
            await site.perform(_step(before, [before["rule"][0] | {"client": "10.0.0.50"}]))
    finally:
        await site.close()


async def test_who_ask_at_the_same_moment_log_in_together(lab: Lab) -> None:
    site = LiveSite(Connection.parse({"lab": str(lab.ready)}))
    try:
        found = await asyncio.gather(*(site.ask("dsm", SHARES) for _ in range(4)))
        assert [one["total"] for one in found] == [3] * 4
        assert said(lab) == [0]
    finally:
        await site.close()
