"""A site that is looked at and changed by many at once: no look is older than what it is to judge."""

from __future__ import annotations

import asyncio
import base64
import shlex
from collections.abc import AsyncIterator, Callable

import asyncssh
import pytest

from homebackup.model.host_facts import PROBE
from homebackup.model.steps import Run
from homebackup.world import errors
from homebackup.world.connection import Connection
from homebackup.world.live_site import LiveSite
from tests.world.play import PASSWORD, SshSite, Stage, until

A, B = ("10.0.0.150", "/mnt/a"), ("10.0.0.150", "/mnt/b")
Open = Callable[..., LiveSite]


class Fstab:
    """A host of one file, which `echo TEXT` gives its content; looks wait until they are let go."""

    def __init__(self, ssh: SshSite) -> None:
        self.text = "before"
        self.asked: list[list[str]] = []
        self.free = asyncio.Event()
        self.free.set()
        ssh.shell = self.shell

    async def shell(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        words = shlex.split((process.command or "").removeprefix("LC_ALL=C.UTF-8; export LC_ALL; "))
        if words[:3] == ["sh", "-c", PROBE]:
            seen = base64.b64encode(self.text.encode())
            self.asked.append(words[4:])
            await self.free.wait()
            process.stdout.write(b"file /etc/fstab " + seen + b"\nend of look\n")
        else:
            self.text = words[1]
        process.exit(0)


@pytest.fixture
def host(ssh: SshSite) -> Fstab:
    return Fstab(ssh)


@pytest.fixture
async def open_site(config: Callable[..., dict[str, str]]) -> AsyncIterator[Open]:
    """Makes a LiveSite, closed at the end."""
    opened: list[LiveSite] = []

    def make(transport: str = "ssh", **changes: str | None) -> LiveSite:
        opened.append(LiveSite(Connection.parse(config(transport, **changes))))
        return opened[-1]

    yield make
    for site in opened:
        await site.close()


@pytest.fixture
def site(open_site: Open) -> LiveSite:
    return open_site()


@pytest.mark.parametrize("fresh", [True, False])
async def test_a_look_after_a_step_is_not_a_look_that_began_before_it(
    host: Fstab, site: LiveSite, *, fresh: bool
) -> None:
    host.free.clear()
    others = asyncio.create_task(site.look([B]))
    await until(lambda: len(host.asked) == 1)
    await site.perform(Run(("echo", "after")))
    ours = asyncio.create_task(site.look([A], fresh=fresh))
    await until(lambda: len(host.asked) == 2)
    host.free.set()
    assert (await ours).fstab == b"after"
    assert (await others).fstab == b"before"
    assert (await site.look([B])).fstab == b"after"
    assert len(host.asked) == 2


async def test_a_look_on_its_way_when_a_step_begins_serves_nobody_after_it(host: Fstab, site: LiveSite) -> None:
    assert (await site.look([A])).fstab == b"before"
    host.free.clear()
    fresh = asyncio.create_task(site.look([A], fresh=True))
    await until(lambda: len(host.asked) == 2)
    await site.perform(Run(("echo", "after")))
    host.free.set()
    assert (await fresh).fstab == b"before"
    assert (await site.look([A])).fstab == b"after"


async def test_a_fresh_look_was_asked_after_the_call(host: Fstab, site: LiveSite) -> None:
    host.free.clear()
    first = asyncio.create_task(site.look([A]))
    await until(lambda: len(host.asked) == 1)
    host.text = "by hand"
    second = asyncio.create_task(site.look([A], fresh=True))
    await until(lambda: len(host.asked) == 2)
    host.free.set()
    assert [(await look).fstab for look in (first, second)] == [b"before", b"by hand"]


async def test_readers_at_once_share_one_look_at_all_they_wish(host: Fstab, site: LiveSite) -> None:
    await asyncio.gather(site.look([A]), site.look([B], fresh=True), site.look(), site.look([A], fresh=True))
    assert host.asked == [[*A, *B]]
    await site.look([B])
    assert len(host.asked) == 1


async def test_a_failed_look_serves_its_readers_and_nobody_later(ssh: SshSite, host: Fstab, site: LiveSite) -> None:
    host.free.clear()
    looks = [asyncio.create_task(site.look([A])) for _ in range(2)]
    await until(lambda: len(host.asked) == 1)
    ssh.drop()
    failed = await asyncio.gather(*looks, return_exceptions=True)
    assert all(isinstance(error, errors.Unreachable) for error in failed)
    host.free.set()
    assert (await site.look([A])).fstab == b"before"


async def test_turns_of_one_key_come_one_after_the_other(host: Fstab, site: LiveSite) -> None:
    held: list[str] = []

    async def hold(key: str, name: str) -> None:
        async with site.turn(key):
            held.append(f"{name} begins")
            await asyncio.sleep(0.01)
            held.append(f"{name} ends")

    await asyncio.gather(hold("/etc/fstab", "first"), hold("/etc/fstab", "second"), hold("/storage", "other"))
    assert [h for h in held if "other" not in h] == ["first begins", "first ends", "second begins", "second ends"]
    assert held.index("other begins") < held.index("first ends")


async def test_a_refused_key_is_tried_again_by_the_next_gather_only(ssh: SshSite, host: Fstab, open_site: Open) -> None:
    keys = ssh.authorized.read_bytes()
    ssh.authorized.write_bytes(ssh.key.export_public_key())
    await ssh.restart()
    first = open_site()
    for _ in range(2):
        with pytest.raises(errors.NotLoggedIn):
            await first.look([A])
    assert ssh.made == 1
    ssh.authorized.write_bytes(keys)
    await ssh.restart()
    with pytest.raises(errors.NotLoggedIn):
        await first.look([A])
    assert ssh.made == 1
    assert (await open_site().look([A])).fstab == b"before"


async def test_a_refused_password_is_tried_again_by_the_next_gather_only(stage: Stage, open_site: Open) -> None:
    stage.password = "not yet told to the node"
    first = open_site("ticket")
    for _ in range(2):
        with pytest.raises(errors.NotLoggedIn):
            await first.listing("/storage")
    stage.password = PASSWORD
    with pytest.raises(errors.NotLoggedIn):
        await first.listing("/storage")
    assert stage.logins == 1
    assert await open_site("ticket").listing("/storage") == []
    assert stage.logins == 2
