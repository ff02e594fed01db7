"""The NAS's own management: the web API of Synology's DSM, asked one call after the other in one session.

Its certificate is pinned, or vouched for by the system's authorities; a password never goes over plain http, but to
this machine. A login that is refused is tried once, since DSM blocks an address after several.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from homebackup.world import dsm_codes, pinned
from homebackup.world.connection import Connection, Problems, colons
from homebackup.world.errors import Missing, NotLoggedIn, Refused, Trouble, Unreachable, Untrusted

AUTH = "SYNO.API.Auth"
DEVICE = "homebackup"
"""What DSM calls this machine in its list of trusted devices; the id is good with this name alone."""
VERSIONS: Mapping[str, int] = {"SYNO.Backup.Version": 2}
"""Of the APIs whose calls were not told of in version 1."""
READING = ("get", "list", "load", "query", "status")
"""How the names of methods begin that change nothing."""
KNOCK = 5.0
"""Seconds for a connection; a NAS that is off does not refuse one, it says nothing."""
SILENT = 20.0
"""Seconds for which a NAS that did not answer is not asked again: many ask, and each would wait."""
GOODBYE = 5.0
"""Seconds that a logout may take."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_REMEDY = "see that the NAS is on and that dsmUrl is right"


class _Silent(Unreachable):
    """Nothing answered, and nothing will within the next seconds."""


class Dsm:
    """One DSM, with one session that begins with the first call."""

    def __init__(self, connection: Connection) -> None:
        """Raises Problems where the stack does not say how to reach it, Refused for plain http."""
        wanted = {
            "dsmUrl": connection.dsm_url,
            "dsmAccount": connection.dsm_account,
            "dsmPassword": connection.dsm_password,
        }
        if missing := {key: "is missing, and the NAS's management is asked" for key, v in wanted.items() if v is None}:
            raise Problems(missing)
        self._to, self._url = connection, str(connection.dsm_url)
        place = urlsplit(self._url)
        self.host = place.hostname or ""
        self.subject = f"DSM of {self.host}"
        self._port = place.port or (443 if place.scheme == "https" else 80)
        if place.scheme != "https" and self.host not in _LOOPBACK:
            said = "its password would go over plain http, where everybody in the network can read it"
            raise Refused(self.subject, said, f"set dsmUrl to https://{self.host}:5001")
        self._http: aiohttp.ClientSession | None = None
        self._offered: Mapping[str, Mapping[str, Any]] = {}
        self._sid = self._token = ""
        self._refused: Trouble | None = None
        self._silent: tuple[float, _Silent] | None = None
        self._turn = asyncio.Lock()

    async def ask(self, command: str, data: Mapping[str, Any]) -> Any:
        """What an API's method answers, None where it says no more than that it is done; raises Trouble.

        The command is both with a blank between, the data are the method's parameters.
        """
        async with self._turn:
            if not self._sid:
                await self._log_in()
            answer = await self._called(command, data)
            if _code(answer) in dsm_codes.SESSION_OVER:
                self._sid = ""
                await self._log_in()
                answer = await self._called(command, data)
            code = _code(answer)
            if code in dsm_codes.SESSION_OVER:
                said = f"it ended a new session at once, with code {code}"
                raise NotLoggedIn(self.subject, said, "see who else is logged in with this account")
            if code:
                raise dsm_codes.of_call(self.subject, command, code, str(self._to.dsm_account))
            return answer.get("data")

    async def enter(self) -> None:
        """Logs in, and asks nothing; raises Trouble."""
        async with self._turn:
            await self._log_in()

    async def trust(self, code: str) -> str:
        """The device id that DSM gives this machine for a one-time code; raises Trouble."""
        async with self._turn:
            given = await self._log_in({"otp_code": code, "enable_device_token": "yes", "device_name": DEVICE})
            device = given.get("device_id") or given.get("did")
            if not device:
                said = "it took the one-time code and gave no device id"
                raise Refused(self.subject, said, "see in DSM that the account has a second factor at all")
            return str(device)

    async def close(self) -> None:
        """Ends the session; a NAS that does not answer any more ends it by itself."""
        if self._http is None:
            return
        try:
            if self._sid:
                with contextlib.suppress(Trouble, TimeoutError):
                    await asyncio.wait_for(
                        self._send(AUTH, "logout", {"_sid": self._sid}, self._login_version), GOODBYE
                    )
        finally:
            self._sid = ""
            await self._http.close()

    @property
    def _login_version(self) -> int:
        return min(7, int(self._offered[AUTH]["maxVersion"]))

    async def _log_in(self, more: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        if self._refused:
            raise self._refused
        if not self._offered:
            self._offered = await self._offers()
        to = self._to
        form = {
            "account": str(to.dsm_account),
            "passwd": to.dsm_password.get_secret_value() if to.dsm_password else "",
            "session": DEVICE,
            "format": "sid",
            "enable_syno_token": "yes",
        }
        if to.dsm_device and not more:
            form |= {"device_id": to.dsm_device.get_secret_value(), "device_name": DEVICE}
        answer = await self._send(AUTH, "login", {**form, **(more or {})}, self._login_version)
        if code := _code(answer):
            self._refused = dsm_codes.of_login(self.subject, code)
            raise self._refused
        given: Mapping[str, Any] = answer.get("data") or {}
        if not given.get("sid"):
            raise Unreachable(self.subject, "it answered a login without a session", _REMEDY)
        self._sid, self._token = str(given["sid"]), str(given.get("synotoken") or "")
        return given

    async def _offers(self) -> Mapping[str, Mapping[str, Any]]:
        query = {"api": "SYNO.API.Info", "version": "1", "method": "query", "query": "all"}
        answer = await self._answered("query.cgi", query, writing=False)
        offered: Mapping[str, Mapping[str, Any]] = answer.get("data") or {}
        if not offered or AUTH not in offered or not all(isinstance(one, dict) for one in offered.values()):
            raise Unreachable(self.subject, "it does not tell what it offers, so it is no DSM", _REMEDY)
        return offered

    async def _called(self, command: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        api, _, method = command.partition(" ")
        if (offer := self._offered.get(api)) is None:
            raise dsm_codes.of_call(self.subject, command, 102, "")
        version = VERSIONS.get(api, 1)
        least, most = int(offer.get("minVersion", 1)), int(offer.get("maxVersion", 1))
        if not least <= version <= most:
            said = f"it has {api} in versions {least} to {most}, and version {version} is known here"
            raise Missing(self.subject, said, "do this in DSM, and report it with this line")
        as_json = str(offer.get("requestFormat", "")).upper() == "JSON"
        told = {n: v if isinstance(v, str) and not as_json else json.dumps(v) for n, v in data.items()}
        return await self._send(api, method, told | {"_sid": self._sid}, version)

    async def _send(self, api: str, method: str, form: Mapping[str, str], version: int) -> Mapping[str, Any]:
        path = str(self._offered[api].get("path") or "entry.cgi")
        whole = {"api": api, "method": method, "version": str(version), **form}
        return await self._answered(path, whole, writing=api != AUTH and not method.startswith(READING))

    async def _answered(self, path: str, form: Mapping[str, str], *, writing: bool) -> Mapping[str, Any]:
        """The JSON of an answer; its code is not looked at."""
        if self._silent and time.monotonic() - self._silent[0] < SILENT:
            raise _Silent(self.subject, self._silent[1].said, _REMEDY)
        try:
            return await self._asked(path, form, writing=writing)
        except _Silent as silent:
            self._silent = (time.monotonic(), silent)
            raise

    async def _asked(self, path: str, form: Mapping[str, str], *, writing: bool) -> Mapping[str, Any]:
        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=self._to.timeout, sock_connect=min(KNOCK, self._to.timeout))
            self._http = aiohttp.ClientSession(timeout=timeout)
        headers = {"X-SYNO-TOKEN": self._token} if self._token else {}
        try:
            async with self._http.post(
                f"{self._url}/webapi/{path}", data=form, headers=headers, ssl=self._tls(), allow_redirects=False
            ) as response:
                status, body = response.status, await response.read()
        except aiohttp.ServerFingerprintMismatch as error:
            raise self._untrusted(colons(error.got.hex())) from None
        except aiohttp.ClientSSLError:
            raise await self._unvouched() from None
        except aiohttp.ClientConnectorError as error:
            raise _Silent(self.subject, f"no connection to it ({error.strerror or 'refused'})", _REMEDY) from None
        except aiohttp.ConnectionTimeoutError:
            raise _Silent(self.subject, f"no connection to it within {KNOCK:g} s", _REMEDY) from None
        except TimeoutError:
            said = f"no answer from it within {self._to.timeout:g} s"
            raise (Unreachable if writing else _Silent)(self.subject, said, _REMEDY, maybe_done=writing) from None
        except (aiohttp.ClientError, OSError):
            raise Unreachable(self.subject, "the connection to it broke off", _REMEDY, maybe_done=writing) from None
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if status != 200 or not isinstance(answer, dict) or not isinstance(answer.get("data") or {}, dict):
            said = f"it answered {status} with nothing that DSM gives, so something between answered or it is no DSM"
            raise Unreachable(self.subject, said, _REMEDY, maybe_done=writing)
        return answer

    def _tls(self) -> aiohttp.Fingerprint | bool:
        pin = self._to.dsm_fingerprint
        return aiohttp.Fingerprint(bytes.fromhex(pin.replace(":", ""))) if pin else True

    async def _unvouched(self) -> Trouble:
        try:
            new = await asyncio.to_thread(pinned.shown, self.host, self._port, self._to.timeout)
        except (OSError, ssl.SSLError):
            return Unreachable(self.subject, "it speaks no TLS, or went away while it was asked", _REMEDY)
        return self._untrusted(new)

    def _untrusted(self, new: str) -> Untrusted:
        old = self._to.dsm_fingerprint or ""
        if old:
            said = f"its certificate is {new}, but {old} is the one that is pinned"
            remedy = "find out why it changed before you go on; if DSM renewed it, run homebackup trust --dsm --replace"
        else:
            said = f"its certificate {new} is not vouched for by the system's authorities"
            remedy = "compare it with the one in DSM, Control Panel, Security, Certificate; then homebackup trust --dsm"
        return Untrusted(self.subject, said, remedy, old=old, new=new)


def _code(answer: Mapping[str, Any]) -> int:
    """The code of an answer, 0 when all is well; 100 is DSM's for what it cannot say."""
    if answer.get("success") is True:
        return 0
    error = answer.get("error")
    return int(error.get("code") or 100) if isinstance(error, dict) else 100
