"""Rules that a site is exempt from for a time."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

from homebackup.model.site.parts import Part, Reason


def _day(value: Any) -> Any:
    """A day; YAML makes a date of it, or of a text that is one, and Pulumi a time of midnight."""
    if isinstance(value, datetime):
        return value.date()
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value).removesuffix("T00:00:00Z"))
    except ValueError:
        raise ValueError(f"{value!r} is not a date such as 2026-12-31") from None


Day = Annotated[date, BeforeValidator(_day)]
"""A day, which is the last one of something."""


class Exemption(Part):
    """That a rule may be broken, why, and until when."""

    reason: Reason
    until: Day
    """The last day of it; after that the rule is told of again."""
