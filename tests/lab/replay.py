"""Send recorded cases to a Proxmox VE API and say where its answers differ.

    python -m tests.lab.replay URL --password PW --control URL [--cases FILE] [--group G ...] [--strict] [-v]

Cases are sent in the order of their file. `reset` asks the control URL for the fixture, `side` for a change that is no
API call. Compared are status, data, errors and message, with --strict the reason phrase, after what varies is masked.
Cases in not_reproduced.yaml are listed instead of compared. Exit 0 when nothing differs, 1 otherwise.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import ssl
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.lab.masking import masked, masked_text

HERE = Path(__file__).parent
RECORDINGS = HERE / "recordings"
TOKENS = {
    "token": ("root@pam!iac", "1"),
    "sep-token": ("root@pam!sep", "2"),
    "ops-token": ("ops@pve!full", "3"),
    "limited-token": ("limited@pve!tok", "4"),
    "jobber-token": ("jobber@pve!tok", "5"),
    "bad-token": ("root@pam!iac", "0"),
    "unknown-token": ("root@pam!ghost", "0"),
}
USERS = {
    "root-ticket": "root@pam",
    "root-ticket-nocsrf": "root@pam",
    "limited-user": "limited@pve",
    "ops-user": "ops@pve",
    "auditor-user": "auditor@pve",
    "nobody-user": "nobody@pve",
}
PATIENCE = 60.0
"""Seconds that a task may take before its state is compared as it is."""
Case = dict[str, Any]


def cases(path: Path) -> list[Case]:
    """The lines of a recording."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def not_reproduced() -> dict[str, str]:
    """Case id -> why the lab answers otherwise on purpose."""
    found: dict[str, str] = yaml.safe_load((HERE / "not_reproduced.yaml").read_text(encoding="utf-8"))
    return found


def left_out() -> dict[str, list[Case]]:
    """Case id -> requests without recorded answers whose effect that case needs: sent before it, unchecked."""
    found: dict[str, list[Case]] = {}
    for case in cases(RECORDINGS / "left_out.jsonl"):
        found.setdefault(case["before"], []).append(case)
    return found


@dataclass(frozen=True)
class Got:
    """One answer: `body` is the JSON object, empty where there was none."""

    status: int
    reason: str
    body: dict[str, Any]


@dataclass
class Client:
    """Speaks to an API as any of the recorded actors."""

    url: str
    password: str
    logins: dict[str, dict[str, str]] = field(default_factory=dict)

    def request(
        self, method: str, path: str, params: dict[str, Any], headers: dict[str, str], *, as_json: bool = False
    ) -> Got:
        """Send one request on a connection of its own."""
        parts = urllib.parse.urlsplit(self.url)
        headers, body, target = dict(headers), None, parts.path.rstrip("/") + path
        if as_json and params:
            body, headers["Content-Type"] = json.dumps(params), "application/json"
        elif method in ("GET", "DELETE"):
            target += "?" + urllib.parse.urlencode(params, doseq=True) if params else ""
        else:
            body = urllib.parse.urlencode(params, doseq=True)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = self._connection(parts)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        try:
            return Got(answer.status, answer.reason, json.loads(text) if text else {})
        except ValueError:
            return Got(answer.status, answer.reason, {"data": text})

    def _connection(self, parts: urllib.parse.SplitResult) -> http.client.HTTPConnection:
        host, port = str(parts.hostname), parts.port
        if parts.scheme != "https":
            return http.client.HTTPConnection(host, port, timeout=120)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(host, port, context=context, timeout=120)

    def headers(self, actor: str) -> dict[str, str]:
        """What an actor sends to be known; a user is logged in once."""
        if actor == "anonymous":
            return {}
        if actor in TOKENS:
            name, digit = TOKENS[actor]
            secret = f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}"
            return {"Authorization": f"PVEAPIToken={name}={secret}"}
        user = USERS[actor]
        if user not in self.logins:
            got = self.request("POST", "/access/ticket", {"username": user, "password": self.password}, {})
            if got.status != 200:
                raise SystemExit(f"login as {user}: {got.status} {got.reason}")
            self.logins[user] = got.body["data"]
        login = self.logins[user]
        known = {"Cookie": "PVEAuthCookie=" + urllib.parse.quote(login["ticket"], safe="")}
        return known if actor.endswith("nocsrf") else known | {"CSRFPreventionToken": login["CSRFPreventionToken"]}

    def send(self, case: Case, captured: dict[str, Any]) -> Got:
        """The answer to a case; `poll` asks again while a task runs, `capture` keeps values for later cases."""
        known = {**captured, "PASSWORD": self.password}
        path = filled(case["path"], {name: urllib.parse.quote(str(value), safe="") for name, value in known.items()})
        params = {key: filled(value, known) for key, value in case.get("params", {}).items()}
        deadline = time.monotonic() + PATIENCE
        while True:
            got = self.request(
                case["method"], path, params, self.headers(case["actor"]), as_json=case.get("encoding") == "json"
            )
            runs = (got.body.get("data") or {}).get("status") == "running" if case.get("poll") else False
            if not runs or time.monotonic() > deadline:
                break
        for name, where in case.get("capture", {}).items():
            captured[name] = found_at(got.body, where)
        return got


def filled(value: Any, known: dict[str, Any]) -> Any:
    """The value with each `${name}` replaced by what was captured under that name."""
    if isinstance(value, list):
        return [filled(item, known) for item in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\$\{(\w+)\}", lambda name: str(known.get(name[1], name[0])), value)


def found_at(value: Any, where: str) -> Any:
    """The value at a dotted path; None where there is nothing."""
    for step in where.split("."):
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = (value or {}).get(step)
    return value


def differences(case: Case, got: Got, *, strict: bool) -> list[tuple[str, Any, Any]]:
    """(what, expected, got) for each part of the answer that is not as recorded."""
    body = got.body
    errors = body.get("errors")
    shown = {
        "status": got.status,
        "data": masked(body.get("data")),
        "errors": {key: masked_text(str(text)) for key, text in sorted(errors.items())} if errors is not None else None,
        "message": masked_text(body["message"]) if "message" in body else None,
    }
    if strict:
        shown["reason"] = masked_text(got.reason)
    wanted = {what: case.get(what) for what in shown}
    for ignored in case.get("ignore", []):
        for data in (shown["data"], wanted["data"]):
            for item in data if isinstance(data, list) else [data]:
                if isinstance(item, dict):
                    item.pop(ignored, None)
    return [(what, wanted[what], shown[what]) for what in shown if shown[what] != wanted[what]]


@dataclass
class Report:
    """What came of a replay: ids of the cases that were the same or are listed, and those that differ."""

    passed: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)
    """Listed, and yet the same."""
    differing: list[str] = field(default_factory=list)
    """A text for each."""


def replay(
    lines: Iterable[Case], client: Client, control: str, *, strict: bool = True, listed: dict[str, str] | None = None
) -> Report:
    """Send the cases in order."""
    report, captured, known, unrecorded = Report(), dict[str, Any](), listed or {}, left_out()
    for case in lines:
        if case.get("reset"):
            captured = {}
            ask(control, "/reset")
            client = Client(client.url, client.password)
        elif case.get("side"):
            ask(control, "/side", {"args": case["side"]})
        else:
            for other in unrecorded.get(case["id"], []):
                client.send(other, captured)
            found = differences(case, client.send(case, captured), strict=strict)
            if case["id"] in known:
                (report.listed if found else report.needless).append(case["id"])
            elif found:
                report.differing.append("\n".join(told(case, found)))
            else:
                report.passed.append(case["id"])
    return report


def told(case: Case, found: list[tuple[str, Any, Any]]) -> Iterator[str]:
    """The lines that say how the answer to a case differs."""
    yield f"{case['id']} [{case['actor']}] {case['method']} {case['path']} {json.dumps(case.get('params', {}))}"
    for what, wanted, got in found:
        yield f"  {what}: expected {json.dumps(wanted, ensure_ascii=False)[:1500]}"
        yield f"  {' ' * len(what)}       got {json.dumps(got, ensure_ascii=False)[:1500]}"


def ask(control: str, path: str, body: dict[str, Any] | None = None) -> None:
    """Have the control of the lab do something."""
    data = json.dumps(body or {}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(control.rstrip("/") + path, data, headers, method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        answer.read()


def main() -> int:
    """Run from the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("url")
    options.add_argument("--password", required=True)
    options.add_argument("--control", required=True)
    options.add_argument("--cases", type=Path, action="append", default=[])
    options.add_argument("--group", action="append", default=[])
    options.add_argument("--strict", action="store_true")
    options.add_argument("-v", action="store_true")
    given = options.parse_args()
    paths = given.cases or [RECORDINGS / "cases.jsonl", RECORDINGS / "restore.jsonl"]
    lines = [case for path in paths for case in cases(path) if not given.group or case["group"] in given.group]
    client = Client(given.url, given.password)
    report = replay(lines, client, given.control, strict=given.strict, listed=not_reproduced())
    said = [*report.differing, *(f"{name}: listed, and yet the same" for name in report.needless)]
    failed = len(said)
    said += [f"same {name}" for name in (report.passed if given.v else [])]
    said.append(f"{len(report.passed)} passed, {failed} failed, {len(report.listed)} listed")
    sys.stdout.write("\n".join(said) + "\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
