"""What a DSM knows: its account, sessions, devices and blocks, its shared folders and its Hyper Backup tasks."""

import copy
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lab.clock import Clock
from lab.dsm.backup import STAMP
from lab.dsm.calls import DsmError
from lab.nas import Nas

BAD_PASSWORD, DISABLED, OTP_NEEDED, OTP_WRONG, BLOCKED, EXPIRED = 400, 401, 403, 404, 407, 409
TRIES = 5
"""Bad passwords after which an address is blocked."""
HOUR = 3600


@dataclass(frozen=True)
class Session:
    """A login: its id and the token that goes with it."""

    sid: str
    token: str


class Dsm:
    """The management of one NAS; `reset` makes of it what the fixture says."""

    changeable = frozenset(
        """
        bad code devices fails login_version lost meanwhile repositories second_factor shares squash tasks trouble
        """.split()
    )
    """What a test may set."""

    def __init__(self, nas: Nas, clock: Clock, fixture: Mapping[str, Any]) -> None:
        self.nas, self.clock, self.fixture = nas, clock, fixture
        self.reset()

    def reset(self) -> None:
        """As the fixture has it: nobody is logged in, nobody is blocked."""
        said: dict[str, Any] = copy.deepcopy(dict(self.fixture))
        self.name = str(said.get("name", "nas"))
        self.account, self.password = str(said["account"]), str(said["password"])
        self.trouble: int | None = None
        """The code that a login ends with whatever the password: 401, 402, 406, 408 to 411."""
        self.code = ""
        """The one-time code that is good now; empty where there is no second factor."""
        self.second_factor = bool(said.get("second_factor", True))
        self.devices: dict[str, str] = {str(said["device"]): ""} if said.get("device") else {}
        """Names of known devices by their id; a name that is empty fits any."""
        self.login_version = int(said.get("login_version", 7))
        self.squash = str(said.get("squash", "root"))
        self.sessions: dict[str, Session] = {}
        self.ended: dict[str, int] = {}
        """Sessions that are over, each with the code that says so."""
        self.bad = 0
        self.shares: dict[str, dict[str, Any]] = said.get("shares") or {}
        self.repositories: list[dict[str, Any]] = said.get("repositories") or []
        self.tasks: list[dict[str, Any]] = [self._aged(task) for task in said.get("tasks") or []]
        self.fails: dict[str, int] = {}
        """Codes that calls end with, once each, by API and method."""
        self.lost: list[str] = []
        """Commands that are done and whose answer is lost, once each."""
        self.meanwhile: dict[str, dict[str, list[dict[str, Any]]]] = {}
        """Rules that somebody else saves right after a call was answered, once each."""

    def _aged(self, task: dict[str, Any]) -> dict[str, Any]:
        """A task of the fixture, whose last run ended `age` hours ago."""
        ended = self.clock.now() - float(task.pop("age", 0)) * HOUR
        stamp = datetime.fromtimestamp(ended, self.clock.zone).strftime(STAMP)
        version = {"version_id": "1", "status": "success", "complete_time": int(ended), "locked": False}
        past = {"last_bkp_time": stamp, "last_bkp_end_time": stamp, "last_bkp_success_time": stamp}
        return past | {"last_bkp_result": "done", "versions": [version]} | task

    def log_in(self, params: Mapping[str, str], version: int) -> dict[str, Any]:
        """A session for who knows the password and the second factor; DsmError otherwise."""
        if self.bad >= TRIES:
            raise DsmError(BLOCKED)
        if (params.get("account"), params.get("passwd")) != (self.account, self.password):
            self.bad += 1
            raise DsmError(BLOCKED if self.bad >= TRIES else BAD_PASSWORD)
        if self.trouble:
            raise DsmError(self.trouble)
        given: dict[str, str] = {}
        if self.second_factor and not self._known(params):
            if not params.get("otp_code"):
                raise DsmError(OTP_NEEDED, {"token": secrets.token_hex(8), "types": [{"type": "otp"}]})
            if not self.code or params["otp_code"] != self.code:
                raise DsmError(OTP_WRONG)
            self.code = ""
            if params.get("enable_device_token") == "yes":
                device = secrets.token_urlsafe(24)
                self.devices[device] = params.get("device_name", "")
                given = {"device_id" if version >= 7 else "did": device}
        session = Session(secrets.token_urlsafe(24), secrets.token_hex(8))
        self.sessions[session.sid] = session
        token = {"synotoken": session.token} if params.get("enable_syno_token") == "yes" else {}
        return {"account": self.account, "sid": session.sid, **token, **given}

    def _known(self, params: Mapping[str, str]) -> bool:
        device = params.get("device_id", "")
        return device in self.devices and self.devices[device] in ("", params.get("device_name", ""))

    def check(self, sid: str, token: str) -> None:
        """Nothing for who is logged in; the code of a session that is over, else 119."""
        session = self.sessions.get(sid)
        if session is None or token != session.token:
            raise DsmError(self.ended.pop(sid, 119))

    def end_sessions(self, code: int) -> None:
        """Nobody is logged in any more; the next call of each is answered with the code."""
        self.ended.update(dict.fromkeys(self.sessions, code))
        self.sessions.clear()
