"""The lab's API as a client sees it: connections, bodies, reasons, delays, faults, the journal, the certificate."""

from __future__ import annotations

import hashlib
import json
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lab.box import Box
from lab.pve.http import SERVER
from lab.pve.tls import make_certificate

TOKEN = {"Authorization": "PVEAPIToken=root@pam!iac=11111111-1111-4111-8111-111111111111"}


@pytest.fixture
async def http(box: Box) -> AsyncIterator[aiohttp.ClientSession]:
    context = ssl.create_default_context(cafile=box.ready()["api"]["ca_file"])
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(box.ready()["api"]["url"] + "/", connector=connector) as session:
        yield session


async def login(http: aiohttp.ClientSession, box: Box, user: str = "root@pam") -> dict[str, str]:
    sent = {"username": user, "password": box.api.password}
    async with http.post("access/ticket", data=sent) as answer:
        data = (await answer.json())["data"]
    return {"Cookie": f"PVEAuthCookie={data['ticket']}", "CSRFPreventionToken": data["CSRFPreventionToken"]}


async def test_an_answer_looks_like_pveproxys(http: aiohttp.ClientSession) -> None:
    async with http.get("version", headers=TOKEN) as answer:
        assert answer.headers["Server"] == SERVER
        assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
        assert "close" not in answer.headers.get("Connection", "")
        assert (await answer.json())["data"]["version"] == "8.4.1"


async def test_a_failure_closes_the_connection_and_says_why_in_its_reason(http: aiohttp.ClientSession) -> None:
    async with http.get("storage/nope", headers=TOKEN) as answer:
        assert (answer.status, answer.reason) == (500, "storage 'nope' does not exist")
        assert answer.headers["Connection"] == "close"
        assert await answer.json() == {"data": None, "message": "storage 'nope' does not exist\n"}


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "No ticket"),
        ({"Cookie": "PVEAuthCookie=PVE:root@pam:00000000::0000"}, "permission denied - invalid PVE ticket"),
        ({"Authorization": "PVEAPIToken=root@pam"}, "no tokenid specified"),
        ({"Authorization": "PVEAPIToken=ghost@pve!tok=x"}, "no such user ('ghost@pve')"),
        ({"Authorization": "PVEAPIToken=disabled@pve!tok=x"}, "user 'disabled@pve' is disabled"),
    ],
)
async def test_who_is_not_known_gets_a_reason_and_no_body(
    http: aiohttp.ClientSession, headers: dict[str, str], reason: str
) -> None:
    async with http.get("version", headers=headers) as answer:
        assert (answer.status, answer.reason, await answer.read()) == (401, reason, b"")


async def test_a_ticket_expires_with_the_labs_clock(http: aiohttp.ClientSession, box: Box) -> None:
    known = await login(http, box)
    async with http.get("version", headers=known) as answer:
        assert answer.status == 200
    box.clock.set(box.clock.now() + 7201)
    async with http.get("version", headers=known) as answer:
        assert (answer.status, answer.reason) == (401, "permission denied - invalid PVE ticket")


async def test_a_change_by_ticket_needs_the_csrf_token(http: aiohttp.ClientSession, box: Box) -> None:
    known = await login(http, box)
    bare = {"Cookie": known["Cookie"]}
    async with http.put("storage/local", headers=bare, data={"content": "iso"}) as answer:
        assert (answer.status, answer.reason) == (401, "Permission denied - invalid csrf token")
    async with http.put("storage/local", headers=known, data={"content": "iso"}) as answer:
        assert answer.status == 200


async def test_a_refused_login_takes_its_time(tmp_path: Path) -> None:
    slow = Box(tmp_path / "slow", fixture="conformance", patience=0, delay=0.3)
    await slow.start()
    try:
        async with aiohttp.ClientSession(slow.ready()["api"]["url"] + "/") as session:
            began = time.monotonic()
            sent = {"username": "root@pam", "password": "wrong"}
            async with session.post("access/ticket", data=sent, ssl=False) as answer:
                assert (answer.status, answer.reason) == (401, "authentication failure")
            assert time.monotonic() - began >= 0.3
    finally:
        await slow.stop()


@pytest.mark.parametrize(
    ("body", "content", "stored"),
    [
        (json.dumps({"exclude-path": ["/a", "/b"], "vmid": [100, 101]}), "application/json", ["/a", "/b"]),
        ("exclude-path=/a&exclude-path=/b%20c;vmid=100,101", "application/x-www-form-urlencoded", ["/a", "/b c"]),
        ("exclude-path=/a+b&vmid=100,101&comment", "application/x-www-form-urlencoded", ["/a b"]),
    ],
)
async def test_a_list_may_be_sent_in_either_way(
    http: aiohttp.ClientSession, body: str, content: str, stored: list[str]
) -> None:
    headers = TOKEN | {"Content-Type": content}
    async with http.put("cluster/backup/backup-daily-local", headers=headers, data=body) as answer:
        assert answer.status == 200, await answer.text()
    async with http.get("cluster/backup/backup-daily-local", headers=TOKEN) as answer:
        job = (await answer.json())["data"]
    assert (job["exclude-path"], job["vmid"]) == (stored, "100,101")


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("PATCH", "version", 501, "method 'PATCH' not available"),
        ("GET", "nosuch", 501, "Method 'GET /nosuch' not implemented"),
        (
            "POST",
            "nodes/pve/lxc/103/status/banana",
            501,
            "Method 'POST /nodes/pve/lxc/103/status/banana' not implemented",
        ),
        ("GET", "../extjs/version", 501, "no such uri"),
    ],
)
async def test_what_does_not_exist_is_not_implemented(
    http: aiohttp.ClientSession, method: str, path: str, status: int, reason: str
) -> None:
    async with http.request(method, path, headers=TOKEN) as answer:
        assert (answer.status, answer.reason) == (status, reason)


async def test_a_fault_after_the_deed_leaves_the_deed_done(http: aiohttp.ClientSession, box: Box) -> None:
    rule = {"on": "api", "method": "POST", "path": "/storage", "when": "after", "status": 596, "message": "gone"}
    box.faults.add(rule)
    sent = {"storage": "bk", "type": "dir", "path": "/mnt/bk", "disable": "1"}
    async with http.post("storage", headers=TOKEN, data=sent) as answer:
        assert (answer.status, answer.reason) == (596, "gone")
    async with http.get("storage/bk", headers=TOKEN) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(("effect", "kind"), [("html", "text/html"), ("half", "application/json"), ("empty", "")])
async def test_something_in_between_may_spoil_an_answer(
    http: aiohttp.ClientSession, box: Box, effect: str, kind: str
) -> None:
    box.faults.add({"on": "api", "path": "/version", "effect": effect, "when": "after", "status": 502})
    async with http.get("version", headers=TOKEN) as answer:
        body = await answer.text()
        assert answer.headers.get("Content-Type", "").startswith(kind)
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    async with http.get("version", headers=TOKEN) as answer:
        assert (await answer.json())["data"]["release"] == "8.4"


async def test_a_connection_may_be_cut(http: aiohttp.ClientSession, box: Box) -> None:
    box.faults.add({"on": "api", "method": "POST", "effect": "reset"})
    with pytest.raises(aiohttp.ClientError):
        await http.post("storage", headers=TOKEN, data={})


async def test_the_journal_tells_what_was_asked_and_no_secret(http: aiohttp.ClientSession, box: Box) -> None:
    await login(http, box)
    async with http.get("nodes/pve/tasks", headers=TOKEN, params={"limit": "3"}):
        pass
    entries: list[dict[str, Any]] = box.journal.entries[-2:]
    assert [(e["method"], e["path"], e["status"]) for e in entries] == [
        ("POST", "/access/ticket", 200),
        ("GET", "/nodes/pve/tasks", 200),
    ]
    assert entries[0]["params"] == {"username": "root@pam", "password": "***"}
    assert (entries[1]["user"], entries[1]["params"]) == ("root@pam!iac", {"limit": "3"})


def test_the_fingerprint_is_the_certificates(tmp_path: Path) -> None:
    made = make_certificate(tmp_path, "pve")
    certificate = made.path.read_text().partition("-----BEGIN PRIVATE")[0]
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest().upper()
    assert made.fingerprint == ":".join(digest[i : i + 2] for i in range(0, 64, 2))
