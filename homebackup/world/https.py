"""The Proxmox VE API over https: proxmoxer's session, verified, with tickets renewed and messages read whole."""

from __future__ import annotations

import json
import re
import threading
import time
from typing import Any, NoReturn
from urllib.parse import quote

import requests
import urllib3
from proxmoxer.backends.https import (
    ProxmoxHTTPApiTokenAuth,
    ProxmoxHTTPAuthBase,
    ProxmoxHttpSession,
)
from proxmoxer.core import ProxmoxResource
from requests.cookies import RequestsCookieJar

from homebackup.world import pinned
from homebackup.world.answers import Asked, trouble, unreachable
from homebackup.world.connection import Connection
from homebackup.world.errors import Again, NotLoggedIn, Unreachable
from homebackup.world.proxmoxer_shape import Answered, Serializer
from homebackup.world.wire import Wire, hide

RENEW = 3600.0
"""Seconds after which a ticket is renewed; Proxmox VE takes it for two hours."""

CHUNK = 64 * 1024

CONNECTIONS = 16
"""Connections kept open to the API."""


class Https:
    """The API over https; `call` blocks and may be used from several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        host = f"[{connection.host}]" if ":" in connection.host else connection.host
        self._session = Session(connection, f"https://{host}:{connection.api_port}/api2/json")
        self._api = ProxmoxResource(base_url=self._session.url, session=self._session, serializer=Serializer())

    def call(self, asked: Asked, wire: Wire, secrets: list[str], timeout: float) -> Any:
        """What the API answers as `data`; raises Trouble, after one new login where a ticket had expired."""
        resource = self._api(quote(asked.path, safe="/:@!,+=~"))
        self._session.aim(asked, [*self._connection.secrets, *secrets], timeout)
        return getattr(resource, asked.method.lower())(**wire)

    def close(self) -> None:
        """Closes the connections that are kept open."""
        self._session.close()


class Ticket(ProxmoxHTTPAuthBase):  # type: ignore[misc]
    """Ticket and CSRF token of a user.

    proxmoxer's own ticket logs in past the session, so past its verification, and in its constructor.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.ticket = self.csrf = ""
        self.born = float("-inf")

    def get_cookies(self) -> RequestsCookieJar:
        """The ticket as the cookie that Proxmox VE looks for."""
        cookies = RequestsCookieJar()
        if self.ticket:
            cookies.set("PVEAuthCookie", self.ticket)
        return cookies

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with the token that Proxmox VE wants on everything but GET."""
        if request.method != "GET" and self.csrf:
            request.headers["CSRFPreventionToken"] = self.csrf
        return request


class Session(ProxmoxHttpSession):  # type: ignore[misc]
    """A session that reads the whole answer, logs in when it must, and raises Trouble.

    A login that was refused stays refused for this session: who asks again and again makes a new one, with a new
    LiveSite, for each gather.
    """

    def __init__(self, connection: Connection, url: str) -> None:
        super().__init__()
        self.url = url
        self._to = connection
        self._call = threading.local()
        self._login = threading.Lock()
        self._refused: NotLoggedIn | None = None
        options = {"timeout": connection.timeout, "verify_ssl": True}
        if connection.token:
            user, name, value = connection.token_parts
            self.auth = ProxmoxHTTPApiTokenAuth(user, name, value, **options)
        else:
            self.auth = Ticket(**options)
        self.mount("https://", pinned.Verifying(connection, connections=CONNECTIONS))

    def aim(self, asked: Asked, secrets: list[str], timeout: float) -> None:
        """Says what this thread's next request is, for its errors, and how long it may take."""
        self._call.asked, self._call.secrets, self._call.timeout = asked, secrets, timeout
        self._call.deadline = time.monotonic() + timeout

    def request(self, method: str, url: str, data: Any = None, params: Any = None, **_: Any) -> Answered:
        """One call of the API; proxmoxer's core calls it. A status of 400 or more is raised as Trouble."""
        ticket = self._ticket()
        try:
            return self._answered(method, url, data, params)
        except NotLoggedIn as error:
            if ticket is None:
                self._refused = error
                raise
        self._ticket(stale=ticket)
        try:
            return self._answered(method, url, data, params)
        except NotLoggedIn as error:
            self._refused = error
            raise

    def _ticket(self, stale: str | None = None) -> str | None:
        """A ticket younger than an hour and other than `stale`, after a login if need be; None with an API token."""
        if self._refused is not None:
            raise self._refused
        auth = self.auth
        if not isinstance(auth, Ticket):
            return None
        with self._login:
            if self._refused is not None:
                raise self._refused
            if auth.ticket in ("", stale) or time.monotonic() - auth.born > RENEW:
                self._log_in(auth)
            return auth.ticket

    def _log_in(self, auth: Ticket) -> None:
        asked, to = self._call.asked, self._to
        self._call.asked = Asked(asked.host, "POST", "/access/ticket")
        login = {"username": to.user, "password": to.password.get_secret_value() if to.password else ""}
        try:
            given = self._answered("POST", f"{self.url}/access/ticket", login, None).data
            if given.get("NeedTFA"):
                remedy = "use an API token (homebackup:token) or ssh (homebackup:api: ssh)"
                raise NotLoggedIn("", f"Proxmox VE on {to.host} asks for a second factor", remedy)
            auth.ticket, auth.csrf, auth.born = given["ticket"], given["CSRFPreventionToken"], time.monotonic()
        except NotLoggedIn as error:
            self._refused = NotLoggedIn(f"user {to.user}", error.said, error.remedy)
            raise self._refused from None
        except Unreachable as error:
            raise unreachable(asked, error.said, sent=False, again=error.again) from None
        except (LookupError, AttributeError, TypeError):
            raise unreachable(asked, f"{to.host} answered the login without a ticket", sent=False) from None
        finally:
            self._call.asked = asked

    def _answered(self, method: str, url: str, data: Any, params: Any) -> Answered:
        asked: Asked = self._call.asked
        left = max(0.001, self._call.deadline - time.monotonic())
        try:
            with super().request(
                method, url, data=data, params=params, timeout=left, allow_redirects=False, stream=True
            ) as response:
                status, body = response.status_code, self._body(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            self._unanswered(asked, error)
        try:
            answer = json.loads(body) if body else {}
        except ValueError:
            what = "a web page" if b"<" in body[:200] else "something that is no JSON or breaks off"
            said = f"{asked.host} answered {status} with {what}, so something between answered or it is no Proxmox VE"
            raise unreachable(asked, said) from None
        if not isinstance(answer, dict):
            raise unreachable(asked, f"{asked.host} answered {status} with JSON that Proxmox VE does not give")
        if status >= 400:
            message, errors = str(answer.get("message") or ""), answer.get("errors")
            reasons = errors if isinstance(errors, dict) else {}
            secrets = self._call.secrets
            hidden = {str(key): hide(str(reason), secrets) for key, reason in reasons.items()}
            raise trouble(asked, status, hide(message, secrets), hidden)
        if status >= 300 or "data" not in answer:
            raise unreachable(asked, f"{asked.host} answered {status} with nothing that Proxmox VE gives")
        return Answered(answer["data"])

    def _body(self, response: requests.Response) -> bytes:
        """The whole body; requests would wait for as long as something trickles in."""
        body = bytearray()
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            body += chunk
            if time.monotonic() > self._call.deadline:
                raise requests.Timeout
        return bytes(body)

    def _unanswered(self, asked: Asked, error: Exception) -> NoReturn:
        to = self._to
        place = f"{to.host} port {to.api_port}"
        text = repr(error)
        if "CERTIFICATE_VERIFY_FAILED" in text or "ingerprint" in text:
            try:
                new = pinned.shown(to.host, to.api_port, to.timeout)
            except OSError:
                raise unreachable(asked, f"{place} showed a wrong certificate and then went away", sent=False) from None
            raise pinned.untrusted(to, new) from None
        if isinstance(error, requests.ConnectTimeout):
            raise unreachable(asked, f"no connection to {place} within {self._call.timeout:g} s", sent=False) from None
        if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
            raise unreachable(asked, f"no answer from {to.host} within {self._call.timeout:g} s") from None
        if "WRONG_VERSION_NUMBER" in text:
            raise unreachable(asked, f"{place} does not speak TLS", sent=False) from None
        if "NewConnectionError" in text or "NameResolutionError" in text:
            said = f"no connection to {place} ({_why(text)})"
            raise unreachable(asked, said, sent=False, again=Again.READING) from None
        raise unreachable(asked, f"the connection to {place} broke off", again=Again.READING) from None


def _why(text: str) -> str:
    found = re.search(r"\[Errno -?\d+\] ([^'\")]+)", text)
    return found.group(1) if found else "refused"
