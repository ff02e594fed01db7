"""A fact that is not known now, and why: it stands where the fact would stand."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unseen:
    """Why something could not be looked at, as half a sentence, and what the owner can do about it."""

    said: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.said}; {self.remedy}" if self.remedy else self.said
