"""A Proxmox VE that plays given answers: the API over https and, with the same answers, `pvesh` over ssh."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import json
import shlex
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PASSWORD = "correct horse"
TOKEN = "root@pam!iac=6b2b6b2b-0000-4000-8000-000000000001"


@dataclass
class Play:
    """One answer. `raw` is a body that is no answer of Proxmox VE; `act` does something worse than answering."""

    data: Any = None
    status: int = 200
    message: str = ""
    errors: dict[str, str] | None = None
    raw: bytes | None = None
    stderr: str | None = None
    exit: int | None = None
    act: Callable[[Any], Awaitable[Any]] | None = None


@dataclass
class Stage:
    """The answers still to play (the last one again and again), and everything that was asked."""

    plays: list[Play] = field(default_factory=lambda: [Play(data=[])])
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)
    logins: int = 0
    password: str = PASSWORD
    break_logins: int = 0
    good_tickets: set[str] = field(default_factory=set)
    at_once: int = 0
    most_at_once: int = 0
    pause: float = 0.0

    def next(self) -> Play:
        return self.plays.pop(0) if len(self.plays) > 1 else self.plays[0]


async def until(condition: Callable[[], bool]) -> None:
    """Waits, at most five seconds, for what nobody announces."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def certificate(folder: Path, name: str) -> tuple[Path, Path, str]:
    """A fresh self-signed certificate for 127.0.0.1: its file, its key's file, its fingerprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file, made.fingerprint(hashes.SHA256()).hex(":").upper()


class HttpsSite:
    """The API over https on a free port of loopback."""

    def __init__(self, stage: Stage, cert: Path, key: Path) -> None:
        self.stage = stage
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(cert, key)
        self._seen_on: list[tuple[Any, Any]] = []
        self.port = 0

    async def start(self, port: int = 0) -> None:
        app = web.Application()
        app.router.add_post("/api2/json/access/ticket", self._login)
        app.router.add_route("*", "/api2/json/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        for transport, _ in self._seen_on:
            with contextlib.suppress(AttributeError):  # early releases of Python 3.11 forget a connection closed twice
                transport.abort()  # a TLS server would wait half a minute for the client's goodbye
        await self._runner.cleanup()
        await until(lambda: all(socket.fileno() == -1 for _, socket in self._seen_on))

    def _seen(self, request: web.Request) -> None:
        if request.transport is not None:
            self._seen_on.append((request.transport, request.transport.get_extra_info("socket")))

    async def _login(self, request: web.Request) -> web.StreamResponse:
        self._seen(request)
        form = await request.post()
        self.stage.logins += 1
        if self.stage.break_logins and request.transport is not None:
            self.stage.break_logins -= 1
            request.transport.abort()
        if form["password"] != self.stage.password:
            return web.Response(status=401, reason="authentication failure")
        ticket = f"PVE:root@pam:{self.stage.logins}"
        self.stage.good_tickets.add(ticket)
        return web.json_response({"data": {"ticket": ticket, "CSRFPreventionToken": "csrf", "username": "root@pam"}})

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        stage = self.stage
        self._seen(request)
        token = request.headers.get("Authorization") == f"PVEAPIToken={TOKEN}"
        ticket = request.cookies.get("PVEAuthCookie") in stage.good_tickets
        if not (token or ticket):
            return web.Response(status=401, reason="No ticket")
        if ticket and request.method != "GET" and request.headers.get("CSRFPreventionToken") != "csrf":
            return web.Response(status=401, reason="Permission denied - invalid csrf token")
        form = await request.post() if request.method in ("POST", "PUT") else request.query
        params = {k: v[0] if len(v) == 1 else v for k in form if (v := form.getall(k))}
        stage.asked.append((request.method, "/" + request.match_info["path"], params))
        stage.heads.append(dict(request.headers))
        play = stage.next()
        stage.at_once += 1
        stage.most_at_once = max(stage.most_at_once, stage.at_once)
        try:
            await asyncio.sleep(stage.pause)
            if play.act:
                answer: web.StreamResponse = await play.act(request)
                return answer
        finally:
            stage.at_once -= 1
        if play.raw is not None:
            return web.Response(status=play.status, body=play.raw, reason="whatever")
        body = {"data": play.data} | ({"message": play.message} if play.message else {})
        return web.json_response(
            body | ({"errors": play.errors} if play.errors else {}), status=play.status, reason="never look at this"
        )


class SshSite(asyncssh.SSHServer):
    """The host over ssh on a free port of loopback; a command other than `pvesh` goes to `shell`."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.client_key = folder / "id_ed25519"
        client = asyncssh.generate_private_key("ssh-ed25519")
        client.write_private_key(str(self.client_key))
        self.authorized = folder / "authorized_keys"
        self.authorized.write_bytes(client.export_public_key())
        self.known_hosts = folder / "known_hosts"
        self.commands: list[str] = []
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.made = 0
        self.shell: Callable[[asyncssh.SSHServerProcess[bytes]], Awaitable[None]] = echo
        self.port = 0

    async def start(self, port: int = 0) -> None:
        site = self

        class Server(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                site.connections.append(conn)
                site.made += 1

        self._listener = await asyncssh.listen(
            "127.0.0.1",
            port,
            server_factory=Server,
            server_host_keys=[self.key],
            process_factory=self._process,
            authorized_client_keys=str(self.authorized),
            encoding=None,
            reuse_address=True,
        )
        self.port = self._listener.get_port()
        self.trust(self.key)

    def trust(self, key: asyncssh.SSHKey) -> None:
        line = key.export_public_key().decode().strip()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {line}\n")

    def drop(self) -> None:
        for connection in self.connections:
            connection.abort()
        self.connections.clear()

    async def stop(self) -> None:
        gone = list(self.connections)
        self.drop()
        for connection in gone:
            await connection.wait_closed()
        self._listener.close()
        await self._listener.wait_closed()

    async def restart(self) -> None:
        """Read the authorized keys anew, on the same port."""
        await self.stop()
        await self.start(self.port)

    async def _process(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        command = (process.command or "").removeprefix("LC_ALL=C.UTF-8; export LC_ALL; ")
        self.commands.append(process.command or "")
        argv = shlex.split(command) if command.startswith("pvesh ") else []
        if argv:
            await self._pvesh(process, argv)
        else:
            await self.shell(process)

    async def _pvesh(self, process: asyncssh.SSHServerProcess[bytes], argv: list[str]) -> None:
        stage = self.stage
        method = {"get": "GET", "create": "POST", "set": "PUT", "delete": "DELETE"}[argv[1]]
        params: dict[str, Any] = {}
        for name, value in zip(argv[3::2], argv[4::2], strict=True):
            key = name.removeprefix("--")
            params[key] = (
                value
                if key not in params
                else [*([params[key]] if isinstance(params[key], str) else params[key]), value]
            )
        assert params.pop("output-format") == "json"
        stage.asked.append((method, argv[2], params))
        play = stage.next()
        stage.at_once += 1
        stage.most_at_once = max(stage.most_at_once, stage.at_once)
        await asyncio.sleep(stage.pause)
        stage.at_once -= 1
        if play.act:
            await play.act(process)
            return
        out, error, code = pvesh_says(play, argv[1])
        process.stdout.write(out)
        process.stderr.write(error)
        process.exit(code)


def pvesh_says(play: Play, verb: str) -> tuple[bytes, bytes, int]:
    """What `pvesh` prints for an answer, and its exit code."""
    if play.raw is not None:
        return play.raw, b"", 0
    if play.stderr is not None:
        return b"" if play.data is None else json.dumps(play.data).encode(), play.stderr.encode(), play.exit or 0
    if play.status < 400:
        return b"" if play.data is None else json.dumps(play.data).encode() + b"\n", b"", 0
    lines = play.message if play.status == 500 else f"{play.status} {play.message}"
    lines = lines.rstrip("\n") + "\n" + "".join(f"{k}: {v}\n" for k, v in (play.errors or {}).items())
    usage = f"pvesh {verb} <api_path> [OPTIONS] [FORMAT_OPTIONS]\n" if play.errors else ""
    return b"", (lines + usage).encode(), 255


async def echo(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """A command whose output is itself and its input."""
    given = await process.stdin.read()
    process.stdout.write((process.command or "").encode() + b"|" + given)
    process.exit(0)
