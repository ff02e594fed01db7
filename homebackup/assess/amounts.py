"""Lengths of time, times of day and sizes in words."""

from zoneinfo import ZoneInfo

from pverules.local_time import wall_at

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def span(seconds: float) -> str:
    """A length of time: `25 min`, `1 h 05 min`, `3 days`."""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 2880:
        return f"{minutes // 60} h" + (f" {minutes % 60:02} min" if minutes % 60 else "")
    return f"{round(minutes / 1440)} days"


def clock(epoch: int, zone: ZoneInfo) -> str:
    """The time of day in `zone`: `03:15`."""
    return f"{wall_at(epoch, zone):%H:%M}"


def size(count: float) -> str:
    """A number of bytes in the unit people read: `1.5 GiB`."""
    unit = 0
    while abs(count) >= 1024 and unit < len(_UNITS) - 1:
        count, unit = count / 1024, unit + 1
    return f"{count:.0f} {_UNITS[unit]}" if unit == 0 or abs(count) >= 100 else f"{count:.1f} {_UNITS[unit]}"
