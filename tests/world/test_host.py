"""The host over ssh: trust, one shared connection, and what is said when it is lost."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from homebackup.world import errors, session
from homebackup.world.api import Api
from homebackup.world.host import Host
from tests.world.play import Play, SshSite, Stage, until

Reach = Callable[..., Host]
Process = asyncssh.SSHServerProcess[bytes]


async def test_a_command_comes_back_with_everything(ssh: SshSite, reach: Reach) -> None:
    async def shell(process: Process) -> None:
        assert await process.stdin.read() == "zwölf\n".encode()
        process.stdout.write(b"out\xff")
        process.stderr.write("ä".encode())
        process.exit(3)

    ssh.shell = shell
    ran = await reach().run("cat; false", stdin="zwölf\n".encode())
    assert ran == session.Ran(3, b"out\xff", "ä".encode())


async def test_every_command_has_a_utf8_locale(ssh: SshSite, reach: Reach) -> None:
    await reach().run("echo ü")
    assert ssh.commands == ["LC_ALL=C.UTF-8; export LC_ALL; echo ü"]


async def test_commands_at_once_share_one_connection(ssh: SshSite, reach: Reach) -> None:
    open_now = most = 0

    async def shell(process: Process) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.05)
        open_now -= 1
        process.exit(0)

    ssh.shell = shell
    host = reach()
    rans = await asyncio.gather(*(host.run(f"echo {n}") for n in range(20)))
    assert [ran.exit for ran in rans] == [0] * 20
    assert ssh.made == 1
    assert 1 < most <= 8


async def test_a_connection_lost_between_commands_comes_back(ssh: SshSite, reach: Reach) -> None:
    host = reach()
    for _ in range(3):
        assert (await host.run("true")).exit == 0
        ssh.drop()
    assert len(ssh.commands) == 3
    assert ssh.made == 3


async def test_a_command_that_was_sent_is_never_sent_again(ssh: SshSite, reach: Reach) -> None:
    async def shell(process: Process) -> None:
        ssh.drop()

    ssh.shell = shell
    host = reach()
    with pytest.raises(errors.Unreachable) as caught:
        await host.run("systemctl restart x.mount")
    assert caught.value.maybe_done
    assert "may or may not have been done" in str(caught.value)
    assert len(ssh.commands) == 1


async def test_commands_beside_a_lost_one_are_told_too(ssh: SshSite, reach: Reach) -> None:
    arrived = asyncio.Event()

    async def shell(process: Process) -> None:
        if len(ssh.commands) == 4:
            arrived.set()
        with contextlib.suppress(asyncssh.Error, OSError):
            await process.stdin.read()
            await asyncio.sleep(10)

    ssh.shell = shell
    host = reach()
    runs = [asyncio.create_task(host.run("sleep 60")) for _ in range(4)]
    await asyncio.wait_for(arrived.wait(), 5)
    ssh.drop()
    results = await asyncio.gather(*runs, return_exceptions=True)
    assert all(isinstance(r, errors.Unreachable) and r.maybe_done for r in results)


async def test_a_hanging_command_is_given_up_after_the_stated_time(ssh: SshSite, reach: Reach) -> None:
    ended = asyncio.Event()

    async def shell(process: Process) -> None:
        await until(process.channel.is_closing)
        with pytest.raises(asyncssh.SignalReceived, match="TERM"):
            await process.stdin.read()
        ended.set()

    ssh.shell = shell
    host = reach()
    with pytest.raises(errors.Unreachable) as caught:
        await host.run("stat /mnt/nas", timeout=0.2)
    assert "within 0.2 s" in str(caught.value)
    assert caught.value.maybe_done
    await asyncio.wait_for(ended.wait(), 5)
    assert ssh.made == 1


async def test_output_without_end_is_ended(ssh: SshSite, reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MOST", 100_000)

    async def shell(process: Process) -> None:
        with contextlib.suppress(asyncssh.Error, OSError):
            while True:
                process.stdout.write(b"x" * 65536)
                await process.stdout.drain()

    ssh.shell = shell
    with pytest.raises(errors.Failed) as caught:
        await reach().run("yes")
    assert "100000 bytes" in str(caught.value)


async def test_a_command_killed_by_a_signal(ssh: SshSite, reach: Reach) -> None:
    async def shell(process: Process) -> None:
        process.exit_with_signal("KILL")

    ssh.shell = shell
    assert (await reach().run("boom")).exit == 137


async def test_a_command_that_does_not_read_its_input(ssh: SshSite, reach: Reach) -> None:
    async def shell(process: Process) -> None:
        process.exit(0)

    ssh.shell = shell
    assert (await reach().run("true", stdin=b"x" * 1_000_000)).exit == 0


async def test_a_failed_command_is_a_sentence() -> None:
    ran = session.Ran(32, b"", b"mount.nfs: access denied by server\nwhile mounting\n")
    with pytest.raises(errors.Failed) as caught:
        ran.check("mount /mnt/nas", "see the NAS's permissions")
    assert str(caught.value) == (
        "mount /mnt/nas: the command ended with exit code 32: mount.nfs: access denied by "
        "server while mounting; see the NAS's permissions"
    )
    assert caught.value.exit == 32
    assert session.Ran(0, b"ok", b"").check("x").text == "ok"


async def test_an_unknown_host_key_stops_everything(ssh: SshSite, reach: Reach) -> None:
    ssh.known_hosts.write_text("")
    host = reach()
    for _ in range(2):
        with pytest.raises(errors.Untrusted) as caught:
            await host.run("true")
    assert (caught.value.old, caught.value.new) == ("", ssh.key.get_fingerprint())
    assert "not known yet" in str(caught.value)
    assert "homebackup trust" in str(caught.value)
    assert (ssh.commands, ssh.made) == ([], 1)


async def test_without_any_known_hosts_file_a_key_is_unknown(ssh: SshSite, reach: Reach) -> None:
    with pytest.raises(errors.Untrusted) as caught:
        await reach(sshKnownHosts=None).run("true")
    assert caught.value.new == ssh.key.get_fingerprint()


async def test_a_changed_host_key_is_named_with_the_old_one(ssh: SshSite, reach: Reach) -> None:
    old = asyncssh.generate_private_key("ssh-ed25519")
    ssh.trust(old)
    with pytest.raises(errors.Untrusted) as caught:
        await reach().run("true")
    assert (caught.value.old, caught.value.new) == (old.get_fingerprint(), ssh.key.get_fingerprint())
    assert old.get_fingerprint() in str(caught.value)
    assert ssh.commands == []


async def test_a_host_without_a_key_of_the_known_kind_is_not_trusted(ssh: SshSite, reach: Reach) -> None:
    old = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    ssh.trust(old)
    with pytest.raises(errors.Untrusted) as caught:
        await reach().run("true")
    assert caught.value.old == old.get_fingerprint()
    assert ssh.commands == []


@pytest.mark.parametrize("form", ["line", "line with comment", "fingerprint"])
async def test_a_pinned_host_key_alone_decides(form: str, ssh: SshSite, reach: Reach) -> None:
    line = ssh.key.export_public_key().decode().strip()
    pinned = {
        "line": " ".join(line.split()[:2]),
        "line with comment": " ".join([*line.split()[:2], "root@pve"]),
        "fingerprint": ssh.key.get_fingerprint(),
    }[form]
    assert (await reach(sshKnownHosts=None, sshHostKey=pinned).run("true")).exit == 0


@pytest.mark.parametrize("form", ["line", "fingerprint"])
async def test_another_than_the_pinned_key_is_refused(form: str, ssh: SshSite, reach: Reach) -> None:
    old = asyncssh.generate_private_key("ssh-ed25519")
    pinned = old.export_public_key().decode().strip() if form == "line" else old.get_fingerprint()
    with pytest.raises(errors.Untrusted) as caught:
        await reach(sshKnownHosts=None, sshHostKey=pinned).run("true")
    assert (caught.value.old, caught.value.new) == (old.get_fingerprint(), ssh.key.get_fingerprint())


async def test_a_refused_key_is_tried_once(ssh: SshSite, reach: Reach, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(stranger))
    host = reach(sshIdentityFile=str(stranger))
    for _ in range(2):
        with pytest.raises(errors.NotLoggedIn) as caught:
            await host.run("true")
    assert "ssh-copy-id root@127.0.0.1" in str(caught.value)
    assert ssh.made == 1


async def test_an_unreachable_host_is_a_sentence(ssh: SshSite, reach: Reach) -> None:
    await ssh.stop()
    with pytest.raises(errors.Unreachable) as caught:
        await reach().run("true")
    assert str(caught.value).startswith("host 127.0.0.1: no ssh connection (")
    assert not caught.value.maybe_done


async def test_a_silent_host_is_given_up(reach: Reach) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(1)
        with pytest.raises(errors.Unreachable) as caught:
            await reach(sshPort=str(silent.getsockname()[1]), timeout="0.3").run("true")
    assert "within 0.3 s" in str(caught.value)


async def test_own_ssh_configuration_is_honoured(ssh: SshSite, reach: Reach, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text(
        f"Host hypervisor\n  HostName 127.0.0.1\n  Port {ssh.port}\n  IdentityFile {ssh.client_key}\n"
        f"  UserKnownHostsFile {ssh.known_hosts}\n"
    )
    host = reach(host="hypervisor", sshPort=None, sshIdentityFile=None, sshKnownHosts=None)
    assert (await host.run("true")).exit == 0


async def test_a_broken_ssh_configuration_is_a_sentence(reach: Reach, tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Port banana\n")
    with pytest.raises(errors.Refused) as caught:
        await reach().run("true")
    assert "banana" in str(caught.value) or "Port" in str(caught.value)


async def test_many_callers_share_one_failed_attempt(ssh: SshSite, reach: Reach) -> None:
    ssh.known_hosts.write_text("")
    host = reach()
    results = await asyncio.gather(*(host.run("true") for _ in range(20)), return_exceptions=True)
    assert all(isinstance(r, errors.Untrusted) for r in results)
    assert ssh.made == 1


async def test_reading_through_pvesh_survives_a_lost_connection(
    ssh: SshSite, stage: Stage, connect: Callable[..., Api]
) -> None:
    async def drop(_: Any) -> None:
        ssh.drop()

    stage.plays = [Play(act=drop), Play(data="here")]
    api = connect("ssh")
    assert await api.call("GET", "/version") == "here"
    stage.plays = [Play(act=drop), Play(data="twice")]
    with pytest.raises(errors.Unreachable) as caught:
        await api.call("POST", "/storage", {"storage": "nas"})
    assert caught.value.maybe_done
    assert caught.value.subject == "storage nas"
    assert len(stage.asked) == 3
