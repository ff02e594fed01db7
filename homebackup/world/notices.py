"""Notifications, through apprise: to every target at once, and no target's secret leaves this module."""

import asyncio
import contextlib
import logging
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from apprise import Apprise, NotifyFormat, NotifyType
from pydantic import SecretStr

from homebackup.model.hidden import clean
from homebackup.model.message import Message
from homebackup.world.errors import Failed, Refused, Trouble, Unreachable

PATIENCE = 30.0
"""Seconds after which a target is given up."""
SHORT = 3
"""Characters up to which a part of an address is no secret: hiding it would make every text unreadable."""
LOGGER = logging.getLogger("apprise")
"""Where apprise says why it failed; some of that holds whole addresses, so it goes nowhere from there."""
LOGGER.propagate = False
_TRY = "try it with homebackup notify --test"


@dataclass(frozen=True)
class _Sent:
    """What came of one target: the service's name, empty when there is none, whether it took it, and why not."""

    service: str
    done: bool
    said: str


async def send(targets: Sequence[SecretStr], message: Message, *, patience: float = PATIENCE) -> list[Trouble]:
    """Send one notification to every target; what went wrong is returned, a trouble for each target that failed."""
    ended = await asyncio.gather(
        *(_told(number, target.get_secret_value(), message, patience) for number, target in enumerate(targets, 1))
    )
    return [trouble for trouble in ended if trouble]


async def _told(number: int, address: str, message: Message, patience: float) -> Trouble | None:
    target = f"target {number} of homebackup:notify"
    try:
        async with asyncio.timeout(patience):
            sent = await _aside(lambda: _send(address, message))
    except TimeoutError:
        return Unreachable(
            target, f"it did not take the message within {patience:.0f} s", f"see that it is up, and {_TRY}"
        )
    if sent.done:
        return None
    why = clean(sent.said, _parts(address))
    if not sent.service:
        return Refused(target, why or "apprise cannot use this address", "correct it as apprise's own pages spell it")
    return Failed(f"{target} ({sent.service})", why or "it did not take the message", f"see that it is up, and {_TRY}")


def _send(address: str, message: Message) -> _Sent:
    """Blocks until the target has answered, or not."""
    name = ""
    with _heard() as heard:
        try:
            service = Apprise.instantiate(address)
            name = str(service.service_name) if service else ""
            done = bool(
                service
                and service.notify(
                    title=message.title,
                    body=message.body,
                    notify_type=NotifyType(message.level),
                    body_format=NotifyFormat.TEXT,
                )
            )
        except Exception as error:  # noqa: BLE001 -- whatever a service of somebody else raises, it did not take it
            return _Sent(name, False, f"it ended with {type(error).__name__}")
    return _Sent(name, done, heard[-1] if heard else "")


async def _aside(work: Callable[[], _Sent]) -> _Sent:
    """Do blocking work in a thread that nobody has to wait for when it hangs, not even the end of the program."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[_Sent] = loop.create_future()

    def tell(sent: _Sent) -> None:
        if not ended.done():
            ended.set_result(sent)

    def run() -> None:
        sent = work()
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(tell, sent)

    threading.Thread(target=run, daemon=True, name="notification").start()
    return await ended


class _Ears(logging.Handler):
    """Keeps the warnings of one thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread = threading.get_ident()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it if it is of this thread."""
        if record.thread == self.thread:
            self.said.append(record.getMessage())


@contextlib.contextmanager
def _heard() -> Iterator[list[str]]:
    """What apprise warns of in this thread meanwhile."""
    ears = _Ears()
    LOGGER.addHandler(ears)
    try:
        yield ears.said
    finally:
        LOGGER.removeHandler(ears)


def _parts(address: str) -> set[str]:
    """Every part of an address that a text could repeat, encoded and not."""
    plain = unquote(address)
    found = {
        part for text in (address, plain) for split in (r"[/:@?&=#,\s]+", r"\W+") for part in re.split(split, text)
    }
    return {address, plain, *(part for part in found if len(part) > SHORT)}
