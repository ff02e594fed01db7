"""`homebackup trust` against a TLS server and an sshd that show what they show."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest

from homebackup.commands import trust
from homebackup.world.errors import Unreachable, Untrusted
from homebackup.world.hostkeys import public_line
from tests.commands.stack import PlayedStack
from tests.world.play import HttpsSite, SshSite

OTHER = "AA:" * 31 + "AA"


@pytest.fixture
def fingerprint(pem: tuple[Path, Path, str]) -> str:
    return pem[2]


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, config: Callable[..., dict[str, str]]) -> None:
    """The stack's way to the site, trusting nothing yet."""
    stack.stored = config("ssh", fingerprint=None, sshKnownHosts=None)


async def test_what_is_shown_is_stored_once(
    stack: PlayedStack, ssh: SshSite, fingerprint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await trust._trust(stack, yes=True, replace=False) == 0
    assert stack.stored["fingerprint"] == fingerprint
    assert stack.stored["sshHostKey"] == public_line(ssh.key)
    said = capsys.readouterr().out
    assert f"  {fingerprint}\n  to compare, on its console: pvenode cert info" in said
    host_key = f"  {ssh.key.get_fingerprint()} (ED25519)\n"
    assert f"{host_key}  to compare, on its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in said
    assert said.endswith("Stored in stack home.\n")
    assert [entry.outcome for entry in stack.journal()] == ["", "done", "", "done"]

    ran = list(stack.ran)
    assert await trust._trust(stack, yes=False, replace=False) == 0
    assert stack.ran == ran
    assert capsys.readouterr().out.endswith("Nothing to store.\n")


@pytest.mark.parametrize(("answer", "stored"), [("y\n", True), ("n\n", False), ("", False)])
async def test_the_owner_is_asked(
    stack: PlayedStack, monkeypatch: pytest.MonkeyPatch, answer: str, stored: bool
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert await trust._trust(stack, yes=False, replace=False) == (0 if stored else 1)
    assert ("fingerprint" in stack.stored) == stored


@pytest.mark.parametrize("key", ["fingerprint", "sshHostKey"])
async def test_something_else_is_stored(
    stack: PlayedStack, key: str, fingerprint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    old = {"fingerprint": OTHER, "sshHostKey": public_line(other)}[key]
    stack.stored[key] = old
    with pytest.raises(Untrusted, match=r"nothing was stored.*--replace") as untrusted:
        await trust._trust(stack, yes=True, replace=False)
    printed = {"fingerprint": OTHER, "sshHostKey": other.get_fingerprint()}[key]
    assert untrusted.value.old == printed
    assert printed in str(untrusted.value)
    assert untrusted.value.new in str(untrusted.value)
    assert stack.stored[key] == old
    assert stack.ran == []

    assert await trust._trust(stack, yes=True, replace=True) == 0
    assert stack.stored[key] not in ("", old)
    assert f"stored so far: {printed}" in capsys.readouterr().out


async def test_any_spelling_of_what_is_shown_is_the_same(stack: PlayedStack, ssh: SshSite, fingerprint: str) -> None:
    stack.stored |= {
        "fingerprint": fingerprint.replace(":", "").lower(),
        "sshHostKey": public_line(ssh.key) + " root@cupboard",
    }
    assert await trust._trust(stack, yes=True, replace=False) == 0
    assert stack.ran == []
    stack.stored["sshHostKey"] = ssh.key.get_fingerprint()
    assert await trust._trust(stack, yes=True, replace=False) == 0
    assert stack.ran == []


async def test_what_is_stored_and_nonsense_is_told_and_replaced(stack: PlayedStack, fingerprint: str) -> None:
    stack.stored["fingerprint"] = "changeme"
    with pytest.raises(Untrusted, match="changeme"):
        await trust._trust(stack, yes=True, replace=False)
    assert await trust._trust(stack, yes=True, replace=True) == 0
    assert stack.stored["fingerprint"] == fingerprint


async def test_another_way_to_trust_stays(
    stack: PlayedStack, ssh: SshSite, pem: tuple[Path, Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    stack.stored |= {"caFile": str(pem[0]), "sshKnownHosts": str(ssh.known_hosts)}
    assert await trust._trust(stack, yes=True, replace=True) == 0
    assert stack.ran == []
    said = capsys.readouterr().out
    assert "not stored, because homebackup:caFile says whom to trust" in said
    assert "not stored, because homebackup:sshKnownHosts says whom to trust" in said


async def test_an_api_that_is_not_used_may_be_silent(
    stack: PlayedStack, https: HttpsSite, capsys: pytest.CaptureFixture[str]
) -> None:
    await https.stop()
    assert await trust._trust(stack, yes=True, replace=False) == 0
    assert "fingerprint" not in stack.stored
    assert "sshHostKey" in stack.stored
    assert "shows no certificate on port" in capsys.readouterr().err

    stack.stored["api"] = "https"
    with pytest.raises(Unreachable, match="shows no certificate on port"):
        await trust._trust(stack, yes=True, replace=False)


async def test_a_host_that_is_away(stack: PlayedStack, ssh: SshSite) -> None:
    await ssh.stop()
    with pytest.raises(Unreachable, match="shows no ssh host key"):
        await trust._trust(stack, yes=True, replace=False)
    assert stack.ran == []


async def test_no_password_is_needed_and_none_is_sent(stack: PlayedStack, https: HttpsSite) -> None:
    stack.stored["api"] = "https"
    assert await trust._trust(stack, yes=True, replace=False) == 0
    assert https.stage.logins == 0
    assert https.stage.asked == []
