"""How far a vzdump task is with the guest that it backs up now, from the lines that its log has so far."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

_START = re.compile(r"INFO: Starting Backup of VM (\d+) \(\w+\)")
_AMOUNT = r"(\d+(?:\.\d+)?) ?([KMGT]i)?B"
_MACHINE = re.compile(rf"INFO:\s+\d+% \({_AMOUNT} of {_AMOUNT}\) in [^,]+, read: {_AMOUNT}/s, write: .*")
_CONTAINER = re.compile(rf"INFO: Total bytes written: (\d+) \([^,]+, {_AMOUNT}/s\)")
_UNIT = {None: 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}


@dataclass(frozen=True)
class Moving:
    """One guest under way: bytes read, bytes in all and bytes a second; 0 where the log does not tell.

    The log tells of a container only when all of it is read.
    """

    vmid: int
    done: int = 0
    total: int = 0
    rate: int = 0


def moving(lines: Iterable[str]) -> Moving | None:
    """The guest that was begun last; None before the first."""
    now: Moving | None = None
    for line in lines:
        if found := _START.fullmatch(line):
            now = Moving(int(found[1]))
        elif now and (found := _MACHINE.fullmatch(line)):
            done, total, rate = (_bytes(found[at], found[at + 1]) for at in (1, 3, 5))
            now = replace(now, done=done, total=total, rate=rate)
        elif now and (found := _CONTAINER.fullmatch(line)):
            now = replace(now, done=int(found[1]), total=int(found[1]), rate=_bytes(found[2], found[3]))
    return now


def _bytes(number: str, unit: str | None) -> int:
    return int(float(number) * _UNIT[unit])
