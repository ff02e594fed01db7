"""What was found when something was looked at: one sentence, what to do about it, and how bad it is."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["well", "note", "unknown", "warning", "trouble"]
"""From nothing to do, over what cannot be seen now and what will go wrong some day, to what does not work."""


@dataclass(frozen=True)
class Finding:
    """One finding on `subject`; `id` names what was looked at, `commands` are for the owner to run on the node."""

    id: str
    level: Level
    subject: str
    said: str
    remedy: str = ""
    commands: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """As lines for a terminal; what is well and what is a note has no sign of alarm."""
        head = "" if self.level in ("well", "note") else f"{self.level}: "
        end = f"; {self.remedy}" if self.remedy else ":" if self.commands else ""
        return [f"{head}{self.subject}: {self.said}{end}", *(f"  {command}" for command in self.commands)]
