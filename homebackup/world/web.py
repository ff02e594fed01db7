"""A dead-man check somewhere else, which calls when nothing is heard: it is told of start, success and failure.

The addresses are those of Healthchecks: the check's own for success, `/start` and `/fail` behind it.
"""

import asyncio
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

import aiohttp
from pydantic import SecretStr

from homebackup.world.errors import Failed, Trouble, Unreachable

Signal = Literal["start", "success", "fail"]
TRIES = 3
"""A lost success would call somebody out of bed."""
PATIENCE = 10.0
"""Seconds for one try."""
PAUSE = 1.0
"""Seconds before the next try."""
LONGEST = 2000
"""Characters of a text that a check takes along."""


async def ping(address: SecretStr, signal: Signal, said: str = "", *, pause: float = PAUSE) -> Trouble | None:
    """Tell the check at `address`; what went wrong is returned, and names the check's host and nothing else of it."""
    url = _of(address.get_secret_value(), signal)
    trouble: Trouble | None = None
    for number in range(TRIES):
        if number:
            await asyncio.sleep(pause)
        trouble, again = await _once(url, said[:LONGEST])
        if not again:
            break
    return trouble


def _of(address: str, signal: Signal) -> str:
    parts = urlsplit(address)
    end = "" if signal == "success" else f"/{signal}"
    return urlunsplit(parts._replace(path=parts.path.rstrip("/") + end))


async def _once(url: str, said: str) -> tuple[Trouble | None, bool]:
    """What went wrong, and whether another try may end better."""
    subject = f"dead-man check at {urlsplit(url).hostname}"
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.post(url, data=said.encode("utf-8", "replace")) as answer,
        ):
            status = answer.status
    except TimeoutError:
        return Unreachable(subject, f"it did not answer within {PATIENCE:.0f} s", _REMEDY), True
    except (aiohttp.ClientError, OSError, ValueError) as error:
        # Its text may hold the whole address.
        return Unreachable(subject, f"it cannot be reached ({type(error).__name__})", _REMEDY), True
    if status < 400:
        return None, False
    wrong = status in (400, 401, 403, 404, 410)
    remedy = "see that homebackup:deadman is the address that the check shows" if wrong else _REMEDY
    return Failed(subject, f"it answered {status}", remedy), not wrong


_REMEDY = "see that this machine is online and the service up; the check calls by itself when it hears nothing"
