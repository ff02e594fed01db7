"""Retention, Proxmox's `prune-backups`, in one normal form: equal retentions compare equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pverules import property_string

PERIODS = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
"""What can be counted, in the order in which a prune goes through them."""

_TRUE = {"1", "on", "yes", "true"}
_FALSE = {"0", "off", "no", "false"}


class InvalidRetention(ValueError):
    """A retention that says nothing clear; the text is a sentence that names the option."""


@dataclass(frozen=True)
class Retention:
    """How many archives of a guest survive a prune, a count for each period; nothing counted means all are kept."""

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0

    def __post_init__(self) -> None:
        """Raise InvalidRetention for a negative count."""
        for period in PERIODS:
            count = getattr(self, period)
            if count < 0:
                raise InvalidRetention(f"keep-{period}: {count} is below zero; use 0 or more")

    @classmethod
    def parse(cls, value: str | Mapping[str, object] | None) -> Retention:
        """The retention of a property string or of the mapping Proxmox answers; None keeps all.

        Counts may be numbers or digits and the prefix `keep-` may be left out of a mapping's keys. As in Proxmox,
        keep-all=1 beside a positive count is refused, beside zeros it is fine, and zeros alone keep all. Raises
        InvalidRetention.
        """
        if value is None:
            return cls()
        try:
            options = property_string.parse(value) if isinstance(value, str) else dict(value)
        except property_string.InvalidPropertyString as error:
            raise InvalidRetention(f"prune-backups: {error}; write keep-last=3,keep-daily=7") from error
        counts: dict[str, int] = {}
        keep_all = False
        for key, given in options.items():
            name = key.removeprefix("keep-")
            if name == "all":
                keep_all = _truth(given)
            elif name in PERIODS:
                counts[name] = _count(name, given)
            else:
                known = ", ".join(f"keep-{period}" for period in (*PERIODS, "all"))
                raise InvalidRetention(f"{key}: Proxmox VE knows no such retention; use {known}")
        if keep_all and any(counts.values()):
            raise InvalidRetention("keep-all cannot be set together with other options.")
        return cls(**counts)

    @property
    def keeps_all(self) -> bool:
        """Whether no archive is ever pruned."""
        return not self.counts

    @cached_property
    def counts(self) -> dict[str, int]:
        """The positive counts by period (`last`, `daily`, …), in the order a prune goes through them."""
        return {period: getattr(self, period) for period in PERIODS if getattr(self, period)}

    @property
    def options(self) -> dict[str, int]:
        """The retention as Proxmox's options: {"keep-last": 3}, or {"keep-all": 1} when nothing is counted."""
        return {f"keep-{period}": count for period, count in self.counts.items()} or {"keep-all": 1}

    def __str__(self) -> str:
        return ",".join(f"{option}={count}" for option, count in self.options.items())


def _count(period: str, given: object) -> int:
    """A count as Proxmox reads integers: whole numbers only, an absent one is 0."""
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    text = str(given)
    if given is not None and text.isascii() and text.removeprefix("-").isdigit():
        return int(text)
    raise InvalidRetention(f"keep-{period}: {given!r} is no whole number; use 0 or more")


def _truth(given: object) -> bool:
    """A truth value in any of Proxmox's spellings."""
    text = str(given).lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InvalidRetention(f"keep-all: {given!r} is neither true nor false; use 1 or 0")
