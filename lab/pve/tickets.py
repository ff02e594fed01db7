"""Tickets and CSRF tokens: what a login hands out and how it is known again."""

import hmac
import secrets
from hashlib import sha256

from lab.clock import Clock

LIFETIME = 7200
"""Seconds a ticket is valid."""


class Tickets:
    """Signs and checks tickets with a secret of this lab; they look like Proxmox's: `PVE:USER:TIME::SIGNATURE`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._secret = secrets.token_bytes(32)

    def issue(self, user: str) -> str:
        """A ticket for the user, valid from now."""
        head = f"PVE:{user}:{int(self.clock.now()):08X}"
        return f"{head}::{self._signed(head)}"

    def user(self, ticket: str) -> str | None:
        """Whose ticket it is; None when it is forged or expired."""
        head, _, signature = ticket.rpartition("::")
        if not hmac.compare_digest(signature.encode(), self._signed(head).encode()):
            return None
        user, _, issued = head.removeprefix("PVE:").rpartition(":")
        age = self.clock.now() - int(issued, 16)
        return user if -300 < age < LIFETIME else None

    def csrf(self, user: str) -> str:
        """A CSRF prevention token for the user."""
        head = f"{int(self.clock.now()):08X}"
        return f"{head}:{self._signed(head + user)}"

    def csrf_fits(self, user: str, token: str) -> bool:
        """Whether the CSRF token belongs to the user."""
        head, _, signature = token.partition(":")
        return hmac.compare_digest(signature.encode(), self._signed(head + user).encode())

    def _signed(self, text: str) -> str:
        return hmac.new(self._secret, text.encode(), sha256).hexdigest()
