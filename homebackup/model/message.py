"""A message to the owner, as short as a phone shows it."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["failure", "warning", "success", "info"]
"""How loud a message is."""


@dataclass(frozen=True)
class Message:
    """A title of one line, and a text of short blocks with an empty line between them."""

    title: str
    body: str
    level: Level
