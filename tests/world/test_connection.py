"""The provider's configuration: what is taken, and the sentence for each thing that is not."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from homebackup.world.connection import Connection, Problems

TOKEN = "root@pam!iac=6b2b6b2b-0000-4000-8000-000000000001"
DIGITS = "0123456789abcdef" * 4


def problems(**config: str) -> dict[str, str]:
    with pytest.raises(Problems) as caught:
        Connection.parse(config)
    return caught.value.errors


def test_a_host_alone_is_enough() -> None:
    to = Connection.parse({"host": "pve.lan"})
    assert (to.api, to.api_port, to.user, to.ssh_user, to.ssh_port, to.timeout) == (
        "ssh", 8006, "root@pam", "root", None, 30.0,
    )  # fmt: skip
    assert to.is_root


def test_everything_may_be_given_as_text(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("")
    to = Connection.parse(
        {"host": "10.0.0.50", "api": "https", "apiPort": "443", "token": TOKEN, "timeout": "2.5",
         "fingerprint": DIGITS, "sshUser": "backup", "sshPort": "2222", "sshIdentityFile": str(key),
         "sshHostKey": "ssh-ed25519 AAAA comment"}
    )  # fmt: skip
    assert to.token_parts == ("root@pam", "iac", "6b2b6b2b-0000-4000-8000-000000000001")
    assert to.fingerprint == ":".join(DIGITS.upper()[i : i + 2] for i in range(0, 64, 2))
    assert (to.api_port, to.ssh_port, to.timeout, to.ssh_identity_file) == (443, 2222, 2.5, key)


def test_an_empty_value_is_no_value() -> None:
    assert Connection.parse({"host": "pve", "password": "", "apiPort": ""}).password is None


@pytest.mark.parametrize("host", ["pve", "pve.lan", "10.0.0.50", "fd00::1", "[fd00::1]", "a-b_c.example.org."])
def test_hosts_that_are_taken(host: str) -> None:
    assert Connection.parse({"host": host}).host == host.strip("[]")


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("host", "https://pve:8006", "without https://"),
        ("host", "pve:8006", "without a port"),
        ("host", "-oProxyCommand=x", "no host name"),
        ("host", "pve\n", "control character"),
        ("api", "http", "'ssh' or 'https'"),
        ("apiPort", "abc", "integer"),
        ("apiPort", "0", "greater than or equal to 1"),
        ("sshPort", "65536", "less than or equal to 65535"),
        ("timeout", "0", "greater than 0"),
        ("timeout", "nan", "finite"),
        ("timeout", "inf", "finite"),
        ("user", "root", "realm"),
        ("token", "hunter2", "USER@REALM!ID=UUID"),
        ("password", "hunter\x002", "control character"),
        ("fingerprint", "AA:BB", "SHA-256"),
        ("caFile", "nowhere.pem", "does not exist"),
        ("sshIdentityFile", "~/nowhere", "does not exist"),
        ("sshKnownHosts", "nowhere", "does not exist"),
        ("sshHostKey", "AAAA", "SHA256:"),
        ("hosts", "x", "is unknown; known are host, api, apiPort"),
    ],
)
def test_each_wrong_value_names_its_key(key: str, value: str, part: str) -> None:
    found = problems(**({"host": "pve"} | {key: value}))
    assert list(found) == [key]
    assert part in found[key]
    assert "hunter" not in str(found)


def test_what_is_missing_or_given_twice(tmp_path: Path) -> None:
    file = tmp_path / "pem"
    file.write_text("")
    assert problems() == {"host": "is missing"}
    assert "needs a password or a token" in problems(host="pve", api="https")["password"]
    assert "keep one" in problems(host="pve", password="x", token=TOKEN)["token"]
    assert "keep one" in problems(host="pve", fingerprint=DIGITS, caFile=str(file))["fingerprint"]
    assert "keep one" in problems(host="pve", sshHostKey="ssh-ed25519 AA", sshKnownHosts=str(file))["sshHostKey"]


def test_all_problems_are_told_at_once_in_one_sentence() -> None:
    with pytest.raises(Problems) as caught:
        Connection.parse({"apiPort": "x", "user": "root"})
    assert list(caught.value.errors) == ["host", "apiPort", "user"]
    assert str(caught.value).startswith("configuration of homebackup: host: is missing; apiPort: ")
    assert str(caught.value).endswith("pulumi config set")


def test_secrets_are_not_shown() -> None:
    to = Connection.parse({"host": "pve", "password": "hunter2"})
    assert "hunter2" not in repr(to) + str(to) + to.model_dump_json()
    assert to.password == SecretStr("hunter2")
    assert to.secrets == ["hunter2"]
    assert Connection.parse({"host": "pve", "token": TOKEN}).secrets == [TOKEN, TOKEN.partition("=")[2]]


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    for name in ("id", "known_hosts", "ca.pem"):
        (tmp_path / name).write_text("")
    box: dict[str, Any] = {
        "api": {"url": "https://127.0.0.1:40123", "user": "root@pam", "password": "lab", "token": TOKEN,
                "fingerprint": DIGITS},
        "ssh": {"host": "127.0.0.1", "port": 40122, "user": "root", "identity_file": str(tmp_path / "id"),
                "known_hosts": str(tmp_path / "known_hosts")},
        "control": {"url": "http://127.0.0.1:40124"},
    }  # fmt: skip
    file = tmp_path / "ready.json"
    file.write_text(json.dumps(box))
    return file


def test_a_lab_supplies_what_is_not_given(ready: Path) -> None:
    to = Connection.parse({"lab": str(ready)})
    assert (to.host, to.api, to.api_port, to.ssh_port, to.user) == ("127.0.0.1", "ssh", 40123, 40122, "root@pam")
    assert to.password == SecretStr("lab")
    assert to.ssh_known_hosts == ready.parent / "known_hosts"


def test_what_is_given_wins_over_the_lab(ready: Path) -> None:
    to = Connection.parse(
        {"lab": str(ready), "api": "https", "token": TOKEN, "caFile": str(ready.parent / "ca.pem"), "sshUser": "backup",
         "sshHostKey": "ssh-ed25519 AAAA"}
    )  # fmt: skip
    assert (to.password, to.fingerprint, to.ssh_known_hosts, to.ssh_user) == (None, None, None, "backup")


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"api": {"url": 7}, "ssh": {}}', "half {"])
def test_a_lab_that_is_none_is_a_sentence(ready: Path, content: str) -> None:
    ready.write_text(content)
    assert "no ready file of a lab" in problems(lab=str(ready))["lab"]
    ready.unlink()
    assert "python -m lab --ready" in problems(lab=str(ready))["lab"]


def test_paths_are_relative_to_the_projects_folder(tmp_path: Path) -> None:
    for name in ("id", "known", "ca.pem"):
        (tmp_path / name).write_text("")
    to = Connection.parse(
        {"host": "pve", "sshIdentityFile": "id", "sshKnownHosts": "known", "caFile": str(tmp_path / "ca.pem")}, tmp_path
    )
    assert (to.ssh_identity_file, to.ssh_known_hosts, to.ca_file) == tuple(
        tmp_path / name for name in ("id", "known", "ca.pem")
    )
