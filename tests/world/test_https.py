"""Trust in, and trouble with, the https transport."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from homebackup.world import errors
from homebackup.world.api import Api
from tests.world.play import HttpsSite, Play, Stage, certificate

Connect = Callable[..., Api]
OTHER = ":".join(["AB"] * 32)


async def test_the_pinned_certificate_is_enough(stage: Stage, connect: Connect) -> None:
    stage.plays = [Play(data="8.4")]
    assert await connect("token").call("GET", "/version") == "8.4"


async def test_a_ca_vouches_for_the_certificate(connect: Connect, pem: tuple[Path, Path, str]) -> None:
    api = connect("token", fingerprint=None, caFile=str(pem[0]))
    assert await api.call("GET", "/version") == []


async def test_an_unknown_certificate_stops_everything_and_is_named(
    stage: Stage, connect: Connect, pem: tuple[Path, Path, str]
) -> None:
    with pytest.raises(errors.Untrusted) as caught:
        await connect("ticket", fingerprint=None).call("GET", "/version")
    assert (caught.value.old, caught.value.new) == ("", pem[2])
    assert "homebackup trust" in str(caught.value)
    assert (stage.logins, stage.asked) == (0, [])


@pytest.mark.parametrize("transport", ["ticket", "token"])
async def test_a_changed_certificate_stops_everything_with_old_and_new(
    transport: str, stage: Stage, connect: Connect, pem: tuple[Path, Path, str]
) -> None:
    with pytest.raises(errors.Untrusted) as caught:
        await connect(transport, fingerprint=OTHER).call("POST", "/storage", {"storage": "nas"})
    assert (caught.value.old, caught.value.new) == (OTHER, pem[2])
    assert OTHER in str(caught.value)
    assert pem[2] in str(caught.value)
    assert (stage.logins, stage.asked) == (0, [])


async def test_a_certificate_that_changes_under_us_stops_us(
    stage: Stage, https: HttpsSite, connect: Connect, tmp_path: Path
) -> None:
    api = connect("ticket")
    await api.call("GET", "/version")
    await https.stop()
    cert, key, fingerprint = certificate(tmp_path, "imposter")
    imposter = HttpsSite(stage, cert, key)
    await imposter.start(https.port)
    try:
        with pytest.raises(errors.Untrusted) as caught:
            await api.call("GET", "/version")
    finally:
        await imposter.stop()
    assert caught.value.new == fingerprint
    assert len(stage.asked) == 1


async def test_nothing_secret_is_shown_by_the_objects(connect: Connect) -> None:
    for transport, secret in (("ticket", "correct horse"), ("token", "6b2b6b2b")):
        api = connect(transport)
        shown = repr(api) + repr(api.host) + repr(api.connection) + str(api.connection)
        assert secret not in shown


async def test_a_hang_is_given_up_after_the_stated_time(stage: Stage, connect: Connect) -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    stage.plays = [Play(act=hang)]
    api = connect("token", timeout="0.2")
    with pytest.raises(errors.Unreachable) as caught:
        await api.call("GET", "/version")
    assert "no answer from 127.0.0.1 within 0.2 s" in str(caught.value)
    with pytest.raises(errors.Unreachable) as caught:
        await api.call("POST", "/storage", {"storage": "x"})
    assert caught.value.maybe_done
    assert len(stage.asked) == 2


async def test_an_answer_that_trickles_is_given_up_too(stage: Stage, connect: Connect) -> None:
    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(40):
            await response.write(b" ")
            await asyncio.sleep(0.1)
        return response

    stage.plays = [Play(act=trickle)]
    with pytest.raises(errors.Unreachable) as caught:
        await connect("token", timeout="0.3").call("GET", "/version")
    assert "within 0.3 s" in str(caught.value)


async def test_half_an_answer_is_none(stage: Stage, connect: Connect) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"data": [')
        assert request.transport is not None
        request.transport.close()
        return response

    stage.plays = [Play(act=half)]
    with pytest.raises(errors.Unreachable) as caught:
        await connect("token").call("PUT", "/storage/nas", {"shared": 1})
    assert caught.value.maybe_done


async def reset(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def test_a_broken_connection_is_repeated_only_for_reading(stage: Stage, connect: Connect) -> None:
    stage.plays = [Play(act=reset), Play(act=reset), Play(data="here")]
    api = connect("token")
    assert await api.call("GET", "/version") == "here"
    assert len(stage.asked) == 3
    stage.plays = [Play(act=reset), Play(data="twice")]
    with pytest.raises(errors.Unreachable) as caught:
        await api.call("POST", "/storage", {"storage": "x"})
    assert caught.value.maybe_done
    assert len(stage.asked) == 4


async def test_a_refused_connection_is_said_to_be(https: HttpsSite, connect: Connect) -> None:
    await https.stop()
    for method in ("GET", "DELETE"):
        with pytest.raises(errors.Unreachable) as caught:
            await connect("token").call(method, "/storage/nas")
        assert "Connection refused" in str(caught.value)
        assert str(https.port) in str(caught.value)
        assert not caught.value.maybe_done


async def test_a_name_without_address_is_said_to_be(connect: Connect) -> None:
    with pytest.raises(errors.Unreachable) as caught:
        await connect("token", host="nowhere.invalid").call("GET", "/version")
    assert "nowhere.invalid" in str(caught.value)
    assert not caught.value.maybe_done


async def test_a_server_without_tls_is_said_to_be(connect: Connect, stage: Stage) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(errors.Unreachable) as caught:
            await connect("token", apiPort=str(port)).call("GET", "/version")
    assert "does not speak TLS" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (200, b""),
        (200, b"[1]"),
        (200, b'{"x": 1}'),
        (500, b""),
        (500, b"<h1>oops</h1>"),
        (502, b""),
        (503, b"x"),
        (302, b""),
        (404, b"<html>"),
        (595, b""),
        (597, b""),
        (599, b"<html>"),
    ],
)
async def test_what_only_something_else_would_answer(status: int, raw: bytes, stage: Stage, connect: Connect) -> None:
    stage.plays = [Play(status=status, raw=raw)]
    with pytest.raises(errors.Unreachable) as caught:
        await connect("token").call("POST", "/storage", {"storage": "x"})
    assert str(status) in str(caught.value)
    assert caught.value.maybe_done == (status != 595)
    assert len(stage.asked) == 1


async def test_a_call_that_proxmox_does_not_know(stage: Stage, connect: Connect) -> None:
    stage.plays = [Play(status=501, raw=b"")]
    with pytest.raises(errors.Refused) as caught:
        await connect("token").call("GET", "/nosuch")
    assert "8.0 or later" in str(caught.value)


async def test_a_silent_port_is_given_up(connect: Connect) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        with pytest.raises(errors.Unreachable) as caught:
            await connect("token", apiPort=str(silent.getsockname()[1]), timeout="0.2").call("GET", "/version")
    assert "within 0.2 s" in str(caught.value)
