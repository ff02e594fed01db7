"""What a check of an archive comes to; apart from the checking, which nobody needs who only asks for the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from homebackup.model.backups.sample import Inside

GOOD, BAD, UNKNOWN = "good", "bad", "unknown"
ENDLESS = (".gz", ".tgz", ".lzo", ".bz2")
"""Endings of archives whose last bytes do not tell whether they are the end; all of it has to be read for that."""


def endless(name: str) -> str:
    """What a quick check of an archive of that name does not see; empty where it sees both ends."""
    ending = next((ending for ending in ENDLESS if name.endswith(ending)), "")
    return ending and f"which does not see the end of a {ending} file"


@dataclass(frozen=True)
class Integrity:
    """What is known of an archive's content: `state` is good, bad or unknown, `said` why it is not good.

    `holds` is what it says of itself; `digest` that of the sample, empty where there is none.
    """

    state: str
    said: str = ""
    remedy: str = ""
    holds: Inside | None = None
    digest: str = ""
