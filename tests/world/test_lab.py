"""The same calls against the lab: the three transports agree, and its faults become our sentences."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncssh
import pytest

from homebackup.world import errors, trust
from homebackup.world.api import Api
from homebackup.world.connection import Connection
from homebackup.world.host import Host
from tests.world.conftest import SOON, TRANSPORTS

JOB = {"id": "nightly", "schedule": "03:00", "storage": "local", "vmid": "100", "exclude-path": ["/a b", "/ü"]}


class Site:
    """A running lab and the connections to it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.ready: dict[str, Any] = json.loads(file.read_text())
        self.opened: list[Api] = []

    def api(self, transport: str, **changes: str) -> Api:
        token = str(self.ready["api"]["token"])
        chosen = {"ticket": {"api": "https"}, "token": {"api": "https", "token": token}, "ssh": {}}[transport]
        to = Connection.parse({"lab": str(self.file), "timeout": "10"} | chosen | changes)
        self.opened.append(Api(to, repeat=SOON))
        return self.opened[-1]

    async def control(self, method: str, path: str, body: object = None) -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.ready["control"]["url"] + path, json=body) as answer,
        ):
            answer.raise_for_status()
            return await answer.json()

    async def fault(self, **rule: object) -> None:
        await self.control("POST", "/faults", rule)

    async def asked(self, kind: str) -> int:
        return sum(entry["kind"] == kind for entry in await self.control("GET", "/requests"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lab in a process of its own; the path of its ready file."""
    folder = tmp_path_factory.mktemp("lab")
    command = [sys.executable, "-m", "lab", "--ready", str(folder / "ready.json"), "--state", str(folder / "state")]
    with subprocess.Popen([*command, "--login-delay", "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line.startswith("}") for line in process.stdout), "the lab ended before it was ready"
        yield folder / "ready.json"
        process.terminate()


@pytest.fixture
async def site(lab: Path) -> AsyncIterator[Site]:
    site = Site(lab)
    await site.control("POST", "/reset")
    await site.control("DELETE", "/requests")
    yield site
    for api in site.opened:
        await api.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_job_lives_and_dies(transport: str, site: Site) -> None:
    api = site.api(transport)
    assert await api.call("POST", "/cluster/backup", JOB) is None
    found = await api.call("GET", "/cluster/backup/nightly")
    assert (found["vmid"], found["enabled"], found["exclude-path"]) == ("100", 1, ["/a b", "/ü"])
    await api.call("PUT", "/cluster/backup/nightly", {"enabled": False, "comment": "it's $HOME"})
    listed = {job["id"]: job for job in await api.listing("/cluster/backup")}
    assert (listed["nightly"]["enabled"], listed["nightly"]["comment"]) == (0, "it's $HOME")
    with pytest.raises(errors.Refused, match="already exists"):
        await api.call("POST", "/cluster/backup", JOB)
    assert await api.call("DELETE", "/cluster/backup/nightly") is None
    for method in ("GET", "PUT", "DELETE"):
        with pytest.raises(errors.Missing):
            await api.call(method, "/cluster/backup/nightly", {"enabled": True} if method == "PUT" else None)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_storages_are_written_with_their_digest(transport: str, site: Site) -> None:
    api = site.api(transport)
    with pytest.raises(errors.Missing):
        await api.call("GET", "/storage/nope")
    with pytest.raises(errors.Changed):
        await api.call("PUT", "/storage/local", {"shared": True, "digest": "0" * 40})
    digest = (await api.call("GET", "/storage/local"))["digest"]
    assert (await api.call("PUT", "/storage/local", {"shared": True, "digest": digest}))["storage"] == "local"


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_root_options_are_refused_to_a_token_only(transport: str, site: Site) -> None:
    api = site.api(transport)
    job = JOB | {"tmpdir": "/var/tmp"}
    if api.may_set_root_options:
        await api.call("POST", "/cluster/backup", job)
        assert (await api.call("GET", "/cluster/backup/nightly"))["tmpdir"] == "/var/tmp"
    else:
        with pytest.raises(errors.Refused) as caught:
            await api.call("POST", "/cluster/backup", job)
        assert caught.value.errors == {"tmpdir": "Only root may set this option."}


async def test_a_wrong_password_is_tried_once(site: Site) -> None:
    api = site.api("ticket", password="wrong-password")
    for _ in range(3):
        with pytest.raises(errors.NotLoggedIn):
            await api.call("GET", "/version")
    assert await site.asked("api") == 1


async def test_twenty_changes_at_once_all_arrive(site: Site) -> None:
    api = site.api("token")
    await site.fault(on="api", method="POST", effect="status", status=596, skip=3, times=5)
    lock = "cfs-lock 'file-jobs_cfg' error: got lock request timeout\n"
    await site.fault(on="api", method="POST", effect="status", message=lock, skip=8, times=5)
    await asyncio.gather(*(api.call("POST", "/cluster/backup", JOB | {"id": f"job{n}"}) for n in range(20)))
    assert {f"job{n}" for n in range(20)} <= {job["id"] for job in await api.listing("/cluster/backup")}


@pytest.mark.parametrize("effect", ["html", "half", "empty", "reset"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_change_whose_answer_is_spoiled_may_have_been_done(effect: str, when: str, site: Site) -> None:
    api = site.api("token")
    await site.fault(on="api", method="POST", effect=effect, when=when)
    with pytest.raises(errors.Unreachable) as caught:
        await api.call("POST", "/cluster/backup", JOB)
    assert caught.value.maybe_done
    assert caught.value.subject == "vzdump job nightly"
    there = {job["id"] for job in await api.call("GET", "/cluster/backup")}
    assert ("nightly" in there) == (when == "after")


async def test_a_hang_is_given_up(site: Site) -> None:
    api = site.api("token", timeout="0.3")
    await site.fault(on="api", effect="hang", seconds=2)
    with pytest.raises(errors.Unreachable, match=r"within 0\.3 s"):
        await api.call("GET", "/version")


async def test_the_host_is_reached_and_known(site: Site) -> None:
    api = site.api("ssh")
    rans = await asyncio.gather(*(api.host.run(f"echo ü{n}") for n in range(12)))
    assert [ran.text for ran in rans] == [f"ü{n}\n" for n in range(12)]
    shown = await trust.ssh_host_key("127.0.0.1", site.ready["ssh"]["port"])
    pinned = Connection.parse({"lab": str(site.file), "sshHostKey": shown.line})
    host = Host(pinned)
    assert (await host.run("exit 7")).exit == 7
    await host.close()
    other = asyncssh.generate_private_key("ssh-ed25519").get_fingerprint()
    stranger = Host(Connection.parse({"lab": str(site.file), "sshHostKey": other}))
    with pytest.raises(errors.Untrusted) as caught:
        await stranger.run("true")
    assert (caught.value.old, caught.value.new) == (other, shown.fingerprint)


async def test_a_connection_that_drops_under_a_command_says_so(site: Site) -> None:
    api = site.api("ssh")
    await site.fault(on="ssh", command="*echo*", effect="drop", when="after")
    with pytest.raises(errors.Unreachable) as caught:
        await api.host.run("echo here")
    assert caught.value.maybe_done
    assert (await api.host.run("echo here")).text == "here\n"
    assert await site.asked("ssh") == 2
