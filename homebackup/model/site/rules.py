"""Rules that a site is exempt from for a time."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

from homebackup.model.site.parts import Part, Reason


def _day(value: Any) -> Any:
    """A day: YAML makes a date of it, or a text, and Pulumi the text of a midnight."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00:00(?:Z| \+0000 UTC)?)?", str(value))
    try:
        return date.fromisoformat(found[1] if found else "")
    except ValueError:
        raise ValueError(f"{value!r} is not a date such as 2026-12-31") from None


Day = Annotated[date, BeforeValidator(_day)]
"""A day, which is the last one of something."""


class Exemption(Part):
    """That a rule may be broken, why, and until when."""

    reason: Reason
    until: Day
    """The last day of it; after that the rule is told of again."""
