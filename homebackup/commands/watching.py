"""Looks at a site again and again in the background, and holds what was seen last for whoever asks."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from homebackup.assess.account import Account, account
from homebackup.assess.verdict import about
from homebackup.commands.status import printed
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.plain import one_line, plain
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.views import documents, ics, metrics, page
from homebackup.world.errors import sentence
from homebackup.world.serving import Answer
from pverules.local_time import wall_at

PATIENCE = 300.0
"""Seconds after which a look is given up; its own deadlines end it long before."""
WAIT = Answer(b"the first look at the site is under way; come back in a few seconds\n", status=503)


@dataclass(frozen=True)
class _Drawn:
    """What was made of an account, so that nothing has to be made while somebody waits."""

    page: bytes
    status: bytes
    calendar: bytes


class Watch:
    """The newest account of a site, None before the first look, and why the last look failed, empty when it did not."""

    def __init__(
        self, look: Callable[[], Awaitable[tuple[Site, SiteFacts]]], tell: Callable[[str], None] = lambda _: None
    ) -> None:
        """Each call of `look` has to look anew; `tell` is told why one failed, unless the one before did so, too."""
        self._look, self._tell = look, tell
        self._seen = 0.0
        self._drawn: _Drawn | None = None
        self.told: Account | None = None
        self.trouble = ""

    async def keep(self, every: float) -> None:
        """Look, and look again so many seconds after that is done, for ever."""
        while True:
            await self.once()
            await asyncio.sleep(every)

    async def once(self) -> None:
        """Look once; what fails, or sees nothing at all, leaves what was seen before, and says so."""
        began, before = time.monotonic(), self.trouble
        try:
            async with asyncio.timeout(PATIENCE):
                site, facts = await self._look()
            told = await asyncio.to_thread(account, site, facts)
            self.trouble = _blind(facts)
            if self.told is None or not self.trouble:
                await self._show(told, began)
        except TimeoutError:
            self.trouble = f"it did not end within {PATIENCE:.0f} s"
        except Exception as error:  # noqa: BLE001 -- the next look may end better, whatever this one met
            self.trouble = sentence(error)
        if self.trouble not in ("", before):
            self._tell(f"looking at the site failed: {self.trouble}")
        if self.trouble and self.told is not None:
            with contextlib.suppress(Exception):  # where nothing can be drawn, what was drawn before stays
                await self._show(self.told, self._seen)

    async def _show(self, told: Account, seen: float) -> None:
        """Tell that from now on, as all of it could be drawn."""
        drawn = await asyncio.to_thread(_draw, told, self._note(told, seen))
        self._drawn, self.told, self._seen = drawn, told, seen

    @property
    def age(self) -> float | None:
        """Seconds since what is told was seen."""
        return None if self.told is None else time.monotonic() - self._seen

    def _note(self, told: Account, seen: float) -> str:
        """Why what is told is not the newest, as a sentence; empty when it is."""
        if not self.trouble:
            return ""
        at, old = wall_at(int(time.time()), told.zone), about(time.monotonic() - seen)
        return f"The look of {at:%a %H:%M} failed: {one_line(self.trouble)}. What is shown is {old} old."

    @property
    def routes(self) -> dict[str, Callable[[], Answer]]:
        """What is answered at each path."""
        return {
            "/": lambda: self._answer(lambda drawn: drawn.page, "text/html; charset=utf-8"),
            "/status.json": lambda: self._answer(lambda drawn: drawn.status, "application/json; charset=utf-8"),
            "/calendar.ics": lambda: self._answer(lambda drawn: drawn.calendar, "text/calendar; charset=utf-8"),
            "/metrics": self._metrics,
        }

    def _answer(self, part: Callable[[_Drawn], bytes], type_: str) -> Answer:
        if self._drawn is not None:
            return Answer(part(self._drawn), type_, self.age)
        failed = f"the site could not be looked at yet: {plain(self.trouble)}\n"
        return Answer(failed.encode(), status=503) if self.trouble else WAIT

    def _metrics(self) -> Answer:
        good = self.told is not None and not self.trouble
        return Answer(metrics.text(self.told, metrics.Looking(good, self.age)), metrics.TYPE)


def _blind(facts: SiteFacts) -> str:
    """Why nothing at all could be seen, empty when something was."""
    parts = [facts.jobs, facts.storages, facts.guests, facts.tasks, *facts.dumps.values()]
    unseen = [part for part in parts if isinstance(part, Unseen)]
    return str(unseen[0]) if len(unseen) == len(parts) else ""


def _draw(told: Account, note: str) -> _Drawn:
    document = documents.status(told.site, told.facts, told.every, told.coverage)
    if note:
        document = replace(document, unknown=[*document.unknown, note])
    return _Drawn(
        page.html(told, note).encode(),
        f"{plain(printed(document))}\n".encode(),
        ics.text(told.agenda.line, told.agenda.conflicts, told.site.name),
    )
