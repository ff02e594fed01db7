"""The ssh server of the simulated node: exec requests of one key, each run by the lab's own shell."""

import asyncio
import os
from pathlib import Path

import asyncssh

from lab.faults import Rule
from lab.journal import Journal
from lab.node.machine import Machine
from lab.node.process import Session
from lab.node.streams import Stream

KILLED = 137


class Sshd:
    """An ssh server with keys of its own, made at start."""

    def __init__(self, machine: Machine, journal: Journal, folder: Path) -> None:
        """Keys, identity file and known_hosts are written to `folder`."""
        self.machine, self.journal = machine, journal
        self.identity, self.known_hosts = folder / "id_ed25519", folder / "known_hosts"
        self._host = asyncssh.generate_private_key("ssh-ed25519", comment="lab host")
        self._user = asyncssh.generate_private_key("ssh-ed25519", comment="lab")
        self.host_key = self._host.export_public_key().decode().strip()
        """The host key as one line of authorized_keys form, without a host name."""
        descriptor = os.open(self.identity, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(self._user.export_private_key())
        self.port = 0
        self._listener: asyncssh.SSHAcceptor | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        self.authorize()

    def authorize(self) -> None:
        """Put the user's key into root's authorized_keys, as an installer would."""
        self.machine.root.write("/root/.ssh/authorized_keys", self._user.export_public_key())

    async def start(self, address: str, port: int) -> None:
        """Listen; `port` 0 takes a free one."""
        self._listener = await asyncssh.create_server(
            lambda: _Login(self.machine),
            address,
            port,
            server_host_keys=[self._host],
            process_factory=self._handle,
            encoding=None,
            sftp_factory=None,
            allow_scp=False,
            agent_forwarding=False,
            x11_forwarding=False,
            gss_host=None,
            login_timeout=30,
            server_version="OpenSSH_9.2p1",
        )
        self.port = self._listener.get_port()
        self.known_hosts.write_text(f"[{address}]:{self.port} {self.host_key}\n")

    async def stop(self) -> None:
        """Close every connection."""
        for task in list(self._sessions):
            task.cancel()
        if self._listener:
            self._listener.close()
            await self._listener.wait_closed()

    async def _handle(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            await self._serve(process)
        finally:
            self._sessions.discard(task)

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        if process.subsystem or process.command is None:
            process.stderr.write(b"This node takes commands only.\n")
            process.exit(1)
            return
        entry = self.journal.add("ssh", self.machine.clock.now(), command=process.command, exit=None)
        rule = self.machine.faults.match("ssh", command=process.command)
        if rule and rule.nas:
            self.machine.nas.on = rule.nas == "on"
        if rule and rule.when == "before" and rule.effect != "nas":
            entry["fault"] = f"{rule.when} {rule.effect}"
            await self._spoil(process, rule)
            return
        session = Session(rule.after_commands if rule and rule.when == "during" else None)
        answer = _Held() if rule and rule.when != "during" and rule.effect != "nas" else None
        try:
            code, _, _ = await self.machine.shell(
                process.command,
                stdin=_Input(process.stdin),
                session=session,
                stdout=answer or _Output(process.stdout),
                stderr=answer or _Output(process.stderr),
            )
        except asyncio.CancelledError:
            if not session.killed:
                raise
            code = KILLED
        entry["exit"] = code
        if rule and (answer or session.killed):
            entry["fault"] = f"{rule.when} {rule.effect}"
            await self._spoil(process, rule)
        elif session.killed:
            process.channel.get_connection().abort()
        else:
            process.exit(code)

    async def _spoil(self, process: asyncssh.SSHServerProcess[bytes], rule: Rule) -> None:
        """What a fault does instead of answering."""
        if rule.effect == "hang":
            await asyncio.sleep(rule.seconds or 10**6)
        if rule.effect in ("status", "fail"):
            process.stderr.write(rule.message.rstrip("\n").encode() + b"\n")
            process.exit(rule.exit)
            return
        connection = process.channel.get_connection()
        connection.abort()


class _Login(asyncssh.SSHServer):
    """Who may log in: root, with a key that stands in root's authorized_keys on the node."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return False

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        try:
            text = self.machine.root.text("/root/.ssh/authorized_keys")
        except OSError:
            return False
        known = [" ".join(line.split()[:2]) for line in text.splitlines()]
        return username == "root" and " ".join(key.export_public_key().decode().split()[:2]) in known


class _Input(Stream):
    def __init__(self, reader: asyncssh.SSHReader[bytes]) -> None:
        super().__init__()
        self.reader = reader

    async def read(self, size: int = -1) -> bytes:
        return await self.reader.read(size)

    async def readline(self) -> bytes:
        return await self.reader.readline()


class _Output(Stream):
    def __init__(self, writer: asyncssh.SSHWriter[bytes]) -> None:
        super().__init__()
        self.writer = writer

    async def write(self, data: bytes) -> None:
        try:
            self.writer.write(data)
            await self.writer.drain()
        except (asyncssh.Error, BrokenPipeError, ConnectionError, OSError) as error:
            raise BrokenPipeError(32, "Broken pipe") from error


class _Held(Stream):
    """Output that nobody will ever see."""

    async def write(self, data: bytes) -> None:
        await asyncio.sleep(0)
