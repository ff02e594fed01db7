"""The lab's DSM keeps the rules that are told of a real one: logins, sessions, and lists that are saved as a whole."""

from __future__ import annotations

import json
import ssl
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from lab.clock import Clock
from lab.dsm.http import application
from lab.dsm.state import Dsm
from lab.journal import Journal
from lab.nas import Nas
from tests.running_lab import Lab

RULES = "SYNO.Core.FileServ.NFS.SharePrivilege"
RULE: dict[str, Any] = {
    "client": "10.0.0.50",
    "privilege": "rw",
    "root_squash": "root",
    "async": True,
    "insecure": False,
    "crossmnt": True,
    "security_flavor": {"sys": True, "kerberos": False, "kerberos_integrity": False, "kerberos_privacy": False},
}
EXPORT = "10.0.0.150:/volume1/backups/proxmox_backups"


@dataclass
class Browser:
    """Asks the DSM of a lab as a browser would."""

    lab: Lab
    sid: str = ""
    token: str = ""
    version: int = 7
    extra: dict[str, str] = field(default_factory=dict)

    def send(self, path: str, **params: str) -> dict[str, Any]:
        """The whole answer to one request."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        body = urllib.parse.urlencode({**params, **({"_sid": self.sid} if self.sid else {})}).encode()
        asked = urllib.request.Request(f"{self.lab.facts['dsm']['url']}/webapi/{path}", data=body)
        asked.add_header("X-SYNO-TOKEN", self.token)
        with urllib.request.urlopen(asked, timeout=10, context=context) as answer:
            return dict(json.loads(answer.read()))

    def log_in(self, **changed: str) -> int:
        """The code that a login ends with, 0 when it is well."""
        dsm = self.lab.facts["dsm"]
        given = {"account": dsm["account"], "passwd": dsm["password"], "device_id": dsm["device"], "format": "sid"}
        given |= {"enable_syno_token": "yes"} | changed
        answer = self.send("entry.cgi", api="SYNO.API.Auth", method="login", version=str(self.version), **given)
        self.extra = answer.get("data", {})
        self.sid, self.token = self.extra.get("sid", ""), self.extra.get("synotoken", "")
        return int(answer.get("error", {}).get("code", 0))

    def ask(self, command: str, *, api_version: int = 1, **params: Any) -> Any:
        """The data of an answer, or its code."""
        api, _, method = command.partition(" ")
        given = {name: json.dumps(value) for name, value in params.items()}
        answer = self.send("entry.cgi", api=api, method=method, version=str(api_version), **given)
        return answer.get("data") if answer["success"] else answer["error"]["code"]


@pytest.fixture
def browser(lab: Lab) -> Browser:
    found = Browser(lab)
    assert found.log_in() == 0
    return found


def test_it_tells_what_it_offers_to_everybody(lab: Lab) -> None:
    offered = Browser(lab).send("query.cgi", api="SYNO.API.Info", method="query", version="1", query="all")["data"]
    assert offered["SYNO.API.Auth"]["maxVersion"] == 7
    assert offered[RULES] == {"path": "entry.cgi", "minVersion": 1, "maxVersion": 1, "requestFormat": "JSON"}


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, 0),
        ({"passwd": "wrong"}, 400),
        ({"account": "nobody"}, 400),
        ({"device_id": ""}, 403),
        ({"device_id": "another"}, 403),
        ({"device_id": "", "otp_code": "000000"}, 404),
    ],
)
def test_a_login_ends_as_told(lab: Lab, changed: dict[str, str], code: int) -> None:
    assert Browser(lab).log_in(**changed) == code


@pytest.mark.parametrize("code", [401, 402, 406, 408, 409, 410, 411])
def test_an_account_can_be_in_trouble(lab: Lab, code: int) -> None:
    lab.control("/dsm", {"trouble": code})
    assert Browser(lab).log_in() == code


@pytest.mark.parametrize(("version", "name"), [(7, "device_id"), (6, "did")])
def test_a_one_time_code_is_good_once_and_gives_a_device(lab: Lab, version: int, name: str) -> None:
    lab.control("/dsm", {"code": "123456", "login_version": version})
    browser = Browser(lab, version=version)
    once = {"device_id": "", "otp_code": "123456", "enable_device_token": "yes", "device_name": "here"}
    assert browser.log_in(**once) == 0
    device = browser.extra[name]
    assert Browser(lab, version=version).log_in(**once) == 404
    assert Browser(lab, version=version).log_in(device_id=device, device_name="here") == 0
    assert Browser(lab, version=version).log_in(device_id=device, device_name="elsewhere") == 403


def test_bad_passwords_block_the_address_also_for_the_good_one(lab: Lab) -> None:
    codes = [Browser(lab).log_in(passwd="wrong") for _ in range(6)]
    assert codes == [400, 400, 400, 400, 407, 407]
    assert Browser(lab).log_in() == 407


@pytest.mark.parametrize("code", [106, 107, 119])
def test_a_session_can_end(lab: Lab, browser: Browser, code: int) -> None:
    lab.control("/dsm", {"expire": code})
    assert browser.ask("SYNO.Core.Share list") == code
    assert browser.ask("SYNO.Core.Share list") == 119


def test_a_session_needs_its_token(browser: Browser) -> None:
    browser.token = "another"
    assert browser.ask("SYNO.Core.Share list") == 119


@pytest.mark.parametrize(
    ("command", "version", "code"), [("SYNO.No.Api list", 1, 102), (f"{RULES} get", 1, 103), (f"{RULES} load", 2, 104)]
)
def test_what_it_does_not_offer_has_its_code(browser: Browser, command: str, version: int, code: int) -> None:
    assert browser.ask(command, api_version=version, share_name="backups") == code


def test_a_value_that_is_no_json_is_refused(browser: Browser) -> None:
    answer = browser.send("entry.cgi", api=RULES, method="load", version="1", share_name="backups")
    assert answer["error"]["code"] == 101


def _changed(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**RULE, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"share_name": "backups", "rule": [_changed(crossmnt=None)]}, 2301),
        ({"share_name": "backups", "rule": [_changed(security_flavor="sys")]}, 2301),
        ({"share_name": "backups", "rule": [_changed(root_squash="no_root_squash")]}, 2301),
        ({"share_name": "backups", "rule": [_changed(root_squash="no_map")]}, 2301),
        ({"share_name": "backups", "rule": [_changed(colour="red")]}, 2301),
        ({"name": "backups", "rule": [RULE]}, 2301),
        ({"share_name": "nowhere", "rule": [RULE]}, 2370),
    ],
)
def test_a_list_of_rules_is_refused_as_told(browser: Browser, asked: dict[str, Any], code: int) -> None:
    before = browser.ask(f"{RULES} load", share_name="backups")
    assert browser.ask(f"{RULES} save", **asked) == code
    assert browser.ask(f"{RULES} load", share_name="backups") == before


def test_a_list_of_rules_replaces_the_one_before_and_may_have_one_twice(browser: Browser) -> None:
    assert browser.ask(f"{RULES} save", share_name="backups", rule=[RULE, _changed(id=""), RULE]) == {}
    assert browser.ask(f"{RULES} load", share_name="backups") == {"rule": [RULE] * 3}


def test_the_other_vocabulary_is_refused_by_who_has_the_first(lab: Lab, browser: Browser) -> None:
    lab.control("/dsm", {"squash": "no_map"})
    assert browser.ask(f"{RULES} save", share_name="backups", rule=[RULE]) == 2301
    assert browser.ask(f"{RULES} save", share_name="backups", rule=[_changed(root_squash="no_map")]) == {}


def test_no_rule_can_be_saved_while_the_service_is_off(lab: Lab, browser: Browser) -> None:
    lab.control("/dsm", {"nfs": {"enable_nfs": False}})
    assert browser.ask(f"{RULES} save", share_name="backups", rule=[RULE]) == 2301


def test_the_service_is_set_as_a_whole(browser: Browser) -> None:
    assert browser.ask("SYNO.Core.FileServ.NFS set", enable_nfs=False) == 2001
    full = browser.ask("SYNO.Core.FileServ.NFS get")
    assert browser.ask("SYNO.Core.FileServ.NFS set", **{**full, "enable_nfs": False}) == {}
    assert browser.ask("SYNO.Core.FileServ.NFS get")["enable_nfs"] is False


@pytest.mark.parametrize(
    ("rules", "mounts"),
    [
        ([RULE], True),
        ([_changed(client="10.0.0.0/24")], True),
        ([_changed(client="*")], True),
        ([_changed(client="10.0.0.51")], False),
        ([], False),
    ],
)
def test_only_whom_a_rule_names_can_mount(lab: Lab, browser: Browser, rules: list[Any], mounts: bool) -> None:
    assert browser.ask(f"{RULES} save", share_name="backups", rule=rules) == {}
    ran = lab.control("/run", {"script": f"mkdir -p /mnt/x && mount -t nfs {EXPORT} /mnt/x"})
    assert (ran["exit"] == 0) is mounts
    assert mounts or "access denied by server" in ran["stderr"]
    shown = lab.control("/run", {"script": "showmount -e 10.0.0.150 --no-headers"})["stdout"]
    assert ("proxmox_backups" in shown) is bool(rules)


def test_a_backup_runs_until_its_time_is_over_and_leaves_a_version(lab: Lab, browser: Browser) -> None:
    tasks = lab.control("/dsm")["tasks"]
    lab.control("/dsm", {"tasks": [tasks[0] | {"seconds": 600}]})
    assert browser.ask("SYNO.Backup.Task backup", task_id=1) == {}
    running = browser.ask("SYNO.Backup.Task status", task_id=1)
    assert (running["status"], running["progress"]["processed_size"]) == ("backup", "2048")
    assert browser.ask("SYNO.Backup.Task backup", task_id=1) == 4404
    lab.control("/clock", {"advance": 601})
    ended = browser.ask("SYNO.Backup.Task status", task_id=1)
    assert (ended["status"], ended["last_bkp_error_code"]) == ("none", 4401)
    versions = browser.ask("SYNO.Backup.Version list", api_version=2, task_id=1, offset=0, limit=1)
    assert [one["version_id"] for one in versions["version_info_list"]] == ["2", "1"]


def test_a_task_is_made_without_an_answer_of_its_own(browser: Browser) -> None:
    where = browser.ask(
        "SYNO.Backup.Target get_candidate_dir", target_type="image", transfer_type="image_local", share="photo"
    )["dir"]
    local = {"transfer_type": "image_local", "target_type": "image", "share": "photo", "target_id": where}
    repository = browser.ask("SYNO.Backup.Repository create", name="second", **local)["repo_id"]
    source = {"app_list": [], "file_list": ["/backups"]}
    made = browser.ask("SYNO.Backup.Task create", name="second", repo_id=repository, target_id=where, source=source)
    assert made is None
    tasks = browser.ask("SYNO.Backup.Task list", additional=["get_source"])["task_list"]
    assert tasks[1]["source"]["file_list"] == [{"folderPath": "/backups"}]


def test_no_secret_is_in_the_journal(lab: Lab, browser: Browser) -> None:
    browser.ask("SYNO.Core.Share list")
    said = json.dumps(lab.control("/requests", method="GET"))
    dsm = lab.facts["dsm"]
    assert not any(secret in said for secret in (dsm["password"], dsm["device"], browser.sid))


def test_a_reset_lets_in_again_and_forgets_what_was_changed(lab: Lab, browser: Browser) -> None:
    before = browser.ask(f"{RULES} load", share_name="backups")
    browser.ask(f"{RULES} save", share_name="backups", rule=[])
    lab.reset()
    again = Browser(lab)
    assert again.log_in() == 0
    assert again.ask(f"{RULES} load", share_name="backups") == before


def test_a_nas_that_is_off_manages_nothing(lab: Lab, browser: Browser) -> None:
    lab.control("/nas", {"power": "off"})
    with pytest.raises(ConnectionError):
        browser.ask("SYNO.Core.Share list")


async def test_over_plain_http_no_password_is_taken(tmp_path: Path) -> None:
    clock, nas = Clock(), Nas(tmp_path, rules={})
    dsm = Dsm(nas, clock, {"account": "a", "password": "b", "second_factor": False})
    async with TestClient(TestServer(application(dsm, Journal()))) as browser:
        login = {"api": "SYNO.API.Auth", "method": "login", "version": "7", "account": "a", "passwd": "b"}
        answer = await (await browser.post("/webapi/entry.cgi", data=login)).json()
    assert answer == {"success": False, "error": {"code": 400}}
    assert not dsm.sessions
