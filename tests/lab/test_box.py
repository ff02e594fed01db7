"""The lab as a whole: what it says when it is ready, ssh, its control, and faults by rule."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncssh
import pytest

from lab.box import Box
from lab.faults import BadRule, Faults

PROJECT = Path(__file__).parents[2]


@dataclass
class Ran:
    """What a command did; no code when the connection was dropped."""

    code: int | None
    out: bytes
    err: bytes


class Client:
    """A running box, reached as strangers reach it."""

    def __init__(self, box: Box, http: aiohttp.ClientSession) -> None:
        self.box, self.http, self.ready = box, http, box.ready()
        self.connection: asyncssh.SSHClientConnection | None = None

    async def ssh(self, command: str, stdin: bytes = b"") -> Ran:
        """Run a command over a connection that is made anew when it was dropped."""
        if self.connection is None or self.connection.is_closed():
            self.connection = await self.connect(client_keys=[self.ready["ssh"]["identity_file"]])
        done = await self.connection.run(command, input=stdin, encoding=None)
        assert isinstance(done.stdout, bytes)
        assert isinstance(done.stderr, bytes)
        return Ran(done.exit_status, done.stdout, done.stderr)

    async def connect(self, **options: Any) -> asyncssh.SSHClientConnection:
        """A connection that trusts only the lab's own known_hosts."""
        where = self.ready["ssh"]
        options |= {"known_hosts": where["known_hosts"], "config": None, "agent_path": None}
        return await asyncssh.connect(where["host"], where["port"], username=where["user"], **options)

    async def dropped(self, command: str) -> bool:
        """Whether the connection was gone before the command gave an exit code."""
        try:
            ran = await self.ssh(command)
        except (asyncssh.Error, OSError):
            return True
        return ran.code is None

    async def control(self, path: str, body: object = None, method: str = "POST", status: int = 200) -> Any:
        async with self.http.request(method, self.ready["control"]["url"] + path, json=body) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    async def api(self, path: str) -> tuple[int, Any]:
        headers = {"Authorization": f"PVEAPIToken={self.ready['api']['token']}"}
        async with self.http.get(self.ready["api"]["url"] + path, headers=headers, ssl=False) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def lab_client(tmp_path: Path) -> AsyncIterator[Client]:
    box = Box(tmp_path / "state", patience=0.001, delay=0.0)
    await box.start()
    async with aiohttp.ClientSession() as http:
        client = Client(box, http)
        yield client
        if client.connection:
            client.connection.close()
            await client.connection.wait_closed()
    await box.stop()


async def test_ready_says_what_is_needed(lab_client: Client) -> None:
    ready = lab_client.ready
    assert {"url", "user", "password", "token", "fingerprint"} <= set(ready["api"])
    assert {"host", "port", "user", "identity_file", "known_hosts"} <= set(ready["ssh"])
    assert set(ready["control"]) == {"url"}
    assert (await lab_client.api("/version"))[1]["data"]["version"] == "8.4.1"
    assert (await lab_client.ssh("hostname")).out == b"pve\n"


async def test_the_house_is_the_missions(lab_client: Client) -> None:
    guests = (await lab_client.api("/cluster/resources?type=vm"))[1]["data"]
    assert {(g["vmid"], g["type"], g["name"], g["status"]) for g in guests} == {
        (100, "qemu", "home-assistant", "running"),
        (101, "qemu", "immich", "stopped"),
        (102, "qemu", "vaultwarden", "running"),
        (103, "lxc", "download-home", "running"),
        (105, "lxc", "pihole-home", "running"),
    }
    jobs = (await lab_client.api("/cluster/backup"))[1]["data"]
    assert [j["enabled"] for j in jobs] == [0, 0, 0]
    assert "synology-nas-storage" in {j["storage"] for j in jobs}
    assert {s["storage"] for s in (await lab_client.api("/storage"))[1]["data"]} == {"local", "local-lvm"}
    assert b"nfs" not in (await lab_client.ssh("cat /proc/mounts /etc/fstab")).out
    await lab_client.ssh("mkdir /m; mount -t nfs 10.0.0.150:/volume1/backups/homeassistant_backups /m")
    assert (await lab_client.ssh("ls /m/Automatic_backup_*.tar | wc -l")).out == b"3\n"


async def test_scripts_arguments_and_exit_codes_over_ssh(lab_client: Client) -> None:
    ran = await lab_client.ssh("sh -s one 'two three'", b'echo "$1|$2|$#"\nexit 7\necho no\n')
    assert (ran.code, ran.out) == (7, b"one|two three|2\n")
    ran = await lab_client.ssh("cat; echo err >&2", b"\x00binary\xff")
    assert (ran.out, ran.err) == (b"\x00binary\xff", b"err\n")
    big = bytes(range(256)) * 4096
    assert (await lab_client.ssh("cat > /tmp/big; cat /tmp/big", big)).out == big


async def test_only_the_key_opens_and_there_is_no_sftp(lab_client: Client) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await lab_client.connect(client_keys=[asyncssh.generate_private_key("ssh-ed25519")])
    await lab_client.ssh("true")
    assert lab_client.connection
    with pytest.raises(asyncssh.Error):
        await lab_client.connection.start_sftp_client()


async def test_everything_asked_is_in_the_journal(lab_client: Client) -> None:
    await lab_client.ssh("echo a; exit 3")
    await lab_client.api("/version")
    seen = await lab_client.control("/requests", method="GET")
    assert [(e["kind"], e.get("command"), e.get("exit")) for e in seen if e["kind"] == "ssh"] == [
        ("ssh", "echo a; exit 3", 3)
    ]
    assert [(e["method"], e["path"], e["status"]) for e in seen if e["kind"] == "api"] == [("GET", "/version", 200)]
    await lab_client.control("/requests", method="DELETE")
    assert await lab_client.control("/requests", method="GET") == []


async def test_ssh_dropped_before_nothing_is_done(lab_client: Client) -> None:
    await lab_client.control("/faults", {"on": "ssh", "command": "*touch*", "when": "before", "effect": "drop"})
    assert await lab_client.dropped("touch /tmp/done")
    assert (await lab_client.ssh("ls /tmp")).out == b""


async def test_ssh_dropped_after_the_effect_is_there(lab_client: Client) -> None:
    await lab_client.control("/faults", {"on": "ssh", "command": "*touch*", "when": "after", "effect": "drop"})
    assert await lab_client.dropped("touch /tmp/done")
    assert (await lab_client.ssh("ls /tmp")).out == b"done\n"


@pytest.mark.parametrize("commands", range(4))
async def test_ssh_dropped_in_the_middle(commands: int, lab_client: Client) -> None:
    rule = {"on": "ssh", "command": "*touch*", "when": "during", "effect": "drop", "after_commands": commands}
    await lab_client.control("/faults", rule)
    script = "trap 'touch /tmp/trapped' EXIT; touch /tmp/1; touch /tmp/2; touch /tmp/3"
    assert await lab_client.dropped(script)
    done = (await lab_client.ssh("ls /tmp")).out.decode().split()
    assert done == [str(n) for n in range(1, commands)]


async def test_ssh_faked_failures_hangs_and_counting(lab_client: Client) -> None:
    rule = {"on": "ssh", "command": "df*", "effect": "fail", "exit": 42, "message": "df: boom", "skip": 1, "times": 2}
    await lab_client.control("/faults", rule)
    codes = [(await lab_client.ssh("df /")).code for _ in range(4)]
    assert codes == [0, 42, 42, 0]
    await lab_client.control("/faults", {"on": "ssh", "effect": "hang", "times": -1})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lab_client.ssh("true"), 0.3)
    await lab_client.control("/faults", method="DELETE")
    assert (await lab_client.ssh("true")).code == 0


async def test_the_nas_goes_off_in_the_middle(lab_client: Client) -> None:
    await lab_client.control("/faults", {"on": "ssh", "command": "mark", "effect": "nas", "nas": "off"})
    await lab_client.ssh("mark")
    assert (await lab_client.control("/state", method="GET"))["nas"] == {"power": "off", "full": False}


@pytest.mark.parametrize(("when", "status"), [("before", 500), ("after", 500)])
async def test_api_faults(when: str, status: int, lab_client: Client) -> None:
    await lab_client.control(
        "/faults", {"on": "api", "path": "/version", "when": when, "effect": "status", "status": status}
    )
    assert [(await lab_client.api("/version"))[0] for _ in range(2)] == [status, 200]


async def test_disk_faults(lab_client: Client) -> None:
    await lab_client.control("/faults", {"on": "disk", "path": "/etc/fstab*", "effect": "fail"})
    ran = await lab_client.ssh("echo x > /etc/fstab.new")
    assert (ran.code, b"No space left on device" in ran.err) == (1, True)
    await lab_client.control("/faults", {"on": "disk", "path": "/tmp/f", "effect": "half"})
    ran = await lab_client.ssh("printf 12345678 > /tmp/f; cat /tmp/f")
    assert ran.out == b"1234"
    await lab_client.control("/faults", {"on": "disk", "method": "rename", "effect": "fail", "message": "EIO"})
    ran = await lab_client.ssh("mv /tmp/f /tmp/g; ls /tmp")
    assert (ran.out, b"Input/output error" in ran.err) == (b"f\n", True)


async def test_control_moves_clock_nas_and_disk(lab_client: Client) -> None:
    now = (await lab_client.control("/clock", {"set": 1_900_000_000}))["now"]
    assert 0 <= now - 1_900_000_000 < 30
    assert (await lab_client.ssh("date +%s")).out.startswith(b"19000000")
    await lab_client.control("/clock", {"advance": 3600})
    assert (await lab_client.ssh("date -u +%F")).out == b"2030-03-17\n"
    await lab_client.control("/nas", {"power": "off"})
    assert (await lab_client.ssh("showmount -e 10.0.0.150")).code == 1
    await lab_client.control("/nas", {"power": "on", "full": True})
    await lab_client.ssh("mkdir /m; mount -t nfs 10.0.0.150:/volume1/backups/proxmox_backups /m")
    assert (await lab_client.ssh("touch /m/x; echo y > /m/x")).code == 1
    await lab_client.control("/disk", {"free": 0})
    assert (await lab_client.ssh("echo x > /tmp/x")).code == 1
    assert (await lab_client.control("/run", {"script": "echo hi; exit 2"})) == {
        "exit": 2,
        "stdout": "hi\n",
        "stderr": "",
    }


async def test_reset_brings_everything_back(lab_client: Client) -> None:
    before = (await lab_client.ssh("find /etc /usr /root -type f | sort | xargs sha256sum | sha256sum")).out
    await lab_client.ssh("rm -rf /etc /usr /mnt; mount -t tmpfs x /srv; sleep 1000 &")
    await lab_client.control("/nas", {"power": "off"})
    await lab_client.control("/faults", {"on": "ssh", "effect": "hang", "times": -1})
    await lab_client.control("/reset")
    after = (await lab_client.ssh("find /etc /usr /root -type f | sort | xargs sha256sum | sha256sum")).out
    assert after == before
    assert (await lab_client.ssh("showmount -e 10.0.0.150")).code == 0
    state = await lab_client.control("/state", method="GET")
    assert not any("/srv" in m for m in state["mounts"])
    assert not any("sleep" in p for p in state["processes"].values())


async def test_reboot_starts_what_boots(lab_client: Client) -> None:
    await lab_client.ssh("mount -t tmpfs x /srv")
    await lab_client.control("/reboot")
    guests = (await lab_client.api("/nodes/pve/qemu"))[1]["data"]
    assert {g["vmid"]: g["status"] for g in guests} == {100: "running", 101: "stopped", 102: "running"}
    assert b"/srv" not in (await lab_client.ssh("mount")).out


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/faults", {"effect": "drop"}, "'on' is missing"),
        ("/faults", {"on": "api", "colour": "red"}, "'colour' is not a key"),
        ("/faults", {"on": "api", "when": "never"}, "'when' is 'never'"),
        ("/nas", {"power": "maybe"}, "power is 'maybe'"),
        ("/side", {"args": ["dance"]}, "dance"),
        ("/nas", [1], "no JSON object"),
    ],
)
async def test_control_says_what_is_wrong(path: str, body: object, said: str, lab_client: Client) -> None:
    assert said in (await lab_client.control(path, body, status=400))["error"]


def test_rules_count_down() -> None:
    faults = Faults()
    faults.add({"on": "api", "method": "P*", "path": "/storage*", "skip": 1, "times": 2})
    hits = [faults.match("api", method="POST", path="/storage") is not None for _ in range(4)]
    assert hits == [False, True, True, False]
    assert faults.match("ssh", command="x") is None
    with pytest.raises(BadRule, match="'effect' is 'explode'"):
        faults.add({"on": "api", "effect": "explode"})


@pytest.mark.parametrize("fixture", ["home", "conformance"])
def test_the_command_starts_and_stops(fixture: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ready = tmp_path / "ready.json"
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "lab", "--ready", str(ready), "--fixture", fixture],
        stdout=subprocess.DEVNULL,
        cwd=PROJECT,
    )
    while not ready.exists():
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"the lab ended with {process.wait(0.01)}")
        assert time.monotonic() < begun + 30
    with capsys.disabled():
        sys.stdout.write(f"\nlab --fixture {fixture}: start to ready {time.monotonic() - begun:.2f} s\n")
    facts = json.loads(ready.read_text())
    assert Path(facts["ssh"]["identity_file"]).stat().st_mode & 0o077 == 0
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert not Path(facts["state"]).exists()


def test_an_unknown_fixture_is_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lab", "--fixture", "nope"], stderr=subprocess.PIPE, cwd=PROJECT, check=False
    )
    assert done.returncode == 2
    assert done.stderr == b"lab: fixture 'nope' does not exist; take home, conformance or a YAML file\n"
