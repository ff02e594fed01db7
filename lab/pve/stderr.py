"""Warnings of handlers: in the API daemon they go to the system log, on the command line to standard error."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_HEARD: ContextVar[list[str] | None] = ContextVar("heard", default=None)


def warn(text: str) -> None:
    """Say a line (a line feed is added, as Perl's `warn "$err\\n"` does); nobody hears it outside of `hearing`."""
    heard = _HEARD.get()
    if heard is not None:
        heard.append(text + "\n")


@contextmanager
def hearing() -> Iterator[list[str]]:
    """The warnings said while a command runs."""
    said: list[str] = []
    token = _HEARD.set(said)
    try:
        yield said
    finally:
        _HEARD.reset(token)
