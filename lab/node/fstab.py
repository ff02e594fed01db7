"""Reads /etc/fstab as libmount does."""

import re
from dataclasses import dataclass

OCTAL = re.compile(r"\\([0-7]{3})")
PSEUDO = {"proc", "sysfs", "tmpfs", "devpts", "swap", "none"}


@dataclass(frozen=True)
class Entry:
    """One line of fstab."""

    source: str
    target: str
    fstype: str
    options: str
    """Comma list as written; `defaults` when there is none."""
    passno: int = 0

    @property
    def option_list(self) -> list[str]:
        """The options one by one."""
        return [o for o in self.options.split(",") if o]

    def has(self, name: str) -> bool:
        """Whether an option of that name is there, with or without a value."""
        return any(o.partition("=")[0] == name for o in self.option_list)

    def value(self, name: str) -> str:
        """The value of the first option of that name, or an empty text."""
        return next((o.partition("=")[2] for o in self.option_list if o.startswith(name + "=")), "")


def parse(text: str) -> tuple[list[Entry], list[int]]:
    """The entries in order, and the numbers (from 1) of lines that cannot be read."""
    entries: list[Entry] = []
    wrong: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 3 or any(not w.isdigit() for w in words[4:6] if not w.startswith("#")):
            wrong.append(number)
            continue
        source, target, fstype = (OCTAL.sub(lambda m: chr(int(m[1], 8)), w) for w in words[:3])
        options = words[3] if len(words) > 3 else "defaults"
        passno = int(words[5]) if len(words) > 5 and words[5].isdigit() else 0
        entries.append(Entry(source, target.rstrip("/") or "/", fstype, options, passno))
    return entries, wrong
