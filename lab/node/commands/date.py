"""date, uptime, sleep: time as the node's clock shows it."""

import asyncio
import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "": 1}


def moment(proc: Process, text: str) -> float:
    """The epoch of a `-d` text: @EPOCH, ISO dates, now, `N unit ago`, `+N unit`; raises BadUsage."""
    now = proc.clock.now()
    if text.startswith("@"):
        return float(text[1:])
    if text in ("now", ""):
        return now
    if text in ("today", "yesterday", "tomorrow"):
        return now + {"today": 0, "yesterday": -86400, "tomorrow": 86400}[text]
    match = re.fullmatch(r"([-+]?)\s*(\d+)\s*(second|minute|min|sec|hour|day|week)s?( ago)?", text.strip())
    if match:
        size = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "day": 86400, "week": 604800}[match[3]]
        return now + int(match[2]) * size * (-1 if match[4] or match[1] == "-" else 1)
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadUsage(f"invalid date '{text}'") from None
    zone = UTC if proc.env.get("TZ") in ("UTC", "UTC0") else proc.clock.zone
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).timestamp()


@command("date")
async def date(proc: Process, argv: list[str]) -> int:
    """Print the time: +FORMAT, -d TEXT, -u, -r FILE, -Is, -R."""
    given = (
        Options(
            argv, "d:ur:RI::s:", "date= utc reference= iso-8601= rfc-email rfc-3339=", same="date=d utc=u reference=r"
        )
        if not any(w.startswith("-I") for w in argv)
        else Options(
            [argv[0], *(f"--iso-8601={w[2:] or 'date'}" if w.startswith("-I") else w for w in argv[1:])],
            "d:ur:R",
            "date= utc reference= iso-8601=",
            same="date=d utc=u reference=r",
        )
    )
    when = (
        (await proc.ask(proc.root.stat, given.get("r"))).st_mtime
        if "r" in given
        else moment(proc, given.get("d", "now"))
    )
    zone: ZoneInfo | None = proc.clock.zone
    if "u" in given or proc.env.get("TZ") in ("UTC", "UTC0"):
        zone = None
    elif proc.env.get("TZ"):
        try:
            zone = ZoneInfo(proc.env["TZ"])
        except (ZoneInfoNotFoundError, ValueError):
            zone = None
    local = datetime.fromtimestamp(when, zone or UTC)
    form = "%a %b %e %H:%M:%S %Z %Y"
    if given.operands and given.operands[0].startswith("+"):
        form = given.operands[0][1:]
    elif "iso-8601" in given:
        form = {"date": "%F", "hours": "%FT%H%:z", "minutes": "%FT%H:%M%:z"}.get(given.get("iso-8601"), "%FT%T%:z")
    elif "R" in given:
        form = "%a, %d %b %Y %H:%M:%S %z"
    await proc.out(_formatted(local, when, form) + "\n")
    return 0


def _formatted(local: datetime, when: float, form: str) -> str:
    offset = local.strftime("%z")
    special = {
        "%s": str(int(when // 1)),
        "%N": f"{int(when % 1 * 1e9):09d}",
        "%F": local.strftime("%Y-%m-%d"),
        "%T": local.strftime("%H:%M:%S"),
        "%:z": f"{offset[:3]}:{offset[3:]}",
        "%e": f"{local.day:2d}",
        "%R": local.strftime("%H:%M"),
        "%D": local.strftime("%m/%d/%y"),
        "%n": "\n",
        "%t": "\t",
        "%k": f"{local.hour:2d}",
        "%-d": str(local.day),
        "%-m": str(local.month),
        "%-H": str(local.hour),
        "%-M": str(local.minute),
        "%%": "%",
        "%3N": f"{int(when % 1 * 1000):03d}",
    }
    return re.sub(
        r"%(?:[-:0-9]?[A-Za-z]|%)", lambda m: special.get(m[0]) or local.strftime(m[0].replace("-", "")), form
    )


@command("sleep")
async def sleep(proc: Process, argv: list[str]) -> int:
    """Wait in real time: numbers with s, m, h, d."""
    total = 0.0
    for word in argv[1:]:
        match = re.fullmatch(r"(\d*\.?\d+)([smhd]?)", word)
        if word == "infinity":
            total = 10.0**9
        elif match is None:
            raise BadUsage(f"invalid time interval '{word}'")
        else:
            total += float(match[1]) * UNITS[match[2]]
    if len(argv) < 2:
        raise BadUsage("missing operand")
    await asyncio.sleep(total)
    return 0


@command("uptime")
async def uptime(proc: Process, argv: list[str]) -> int:
    """How long the node has been up: -s prints when it booted."""
    if "-s" in argv:
        await proc.out(proc.clock.local(proc.machine.booted).strftime("%Y-%m-%d %H:%M:%S\n"))
        return 0
    minutes = int(proc.clock.now() - proc.machine.booted) // 60
    await proc.out(
        f" {proc.clock.local():%H:%M:%S} up {minutes // 60}:{minutes % 60:02d},  0 users,"
        "  load average: 0.08, 0.03, 0.01\n"
    )
    return 0
