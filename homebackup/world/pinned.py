"""The https side's proof that the server is the right one: a CA, or a pinned SHA-256 fingerprint."""

from __future__ import annotations

import hashlib
import socket
import ssl
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from homebackup.world.connection import Connection, colons
from homebackup.world.errors import Untrusted


class Verifying(HTTPAdapter):
    """An adapter whose every connection is verified as the configuration says, whatever `verify` a caller passes."""

    def __init__(self, connection: Connection, *, connections: int) -> None:
        self._tls: dict[str, Any]
        if connection.fingerprint:
            # urllib3 compares the fingerprint right after the handshake, before a byte of the request is sent.
            unverified = ssl.create_default_context()
            unverified.check_hostname = False
            unverified.verify_mode = ssl.CERT_NONE
            self._tls = {"ssl_context": unverified, "assert_fingerprint": connection.fingerprint}
        else:
            ca = str(connection.ca_file) if connection.ca_file else None
            self._tls = {"ssl_context": ssl.create_default_context(cafile=ca)}
        super().__init__(pool_maxsize=connections)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """The pool's key with our own TLS settings in place of those of requests."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, self._tls

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: requests would overwrite the settings of the pool here."""


def shown(host: str, port: int, timeout: float) -> str:
    """The SHA-256 fingerprint of the certificate that a TLS server shows, `AA:BB:…`; nothing is sent to it.

    Raises OSError (ssl.SSLError among them) when there is no TLS server.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((host, port), timeout) as plain, context.wrap_socket(plain) as tls:
        certificate = tls.getpeercert(binary_form=True)
    if certificate is None:
        raise ssl.SSLError("the server showed no certificate")
    return colons(hashlib.sha256(certificate).hexdigest())


def untrusted(connection: Connection, new: str) -> Untrusted:
    """The error for an API whose certificate has the fingerprint `new`."""
    subject = f"API of {connection.host}"
    if connection.fingerprint:
        said = f"its certificate is {new}, but {connection.fingerprint} is the one that is pinned"
        remedy = (
            "find out why it changed before you go on; if it was renewed (pvenode cert info on the node shows "
            "it), store the new fingerprint with homebackup trust"
        )
    else:
        vouching = f"the authorities in {connection.ca_file}" if connection.ca_file else "the system's authorities"
        said = f"its certificate {new} is not vouched for by {vouching}"
        remedy = "compare it with pvenode cert info on the node, then store it with homebackup trust, or set caFile"
    return Untrusted(subject, said, remedy, old=connection.fingerprint or "", new=new)
