"""What differs from run to run in an answer of Proxmox VE, replaced by a name, so that answers can be compared."""

from __future__ import annotations

import json
import re
from typing import Any

UPID = re.compile(r'UPID:[^"\s:]*:[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8}:([^:\s]*):([^:\s]*):([^:\s"]*):')
STAMP = re.compile(r"\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d")
FIXTURE_STAMPS = {"2026_10_01-02_00_00"} | {
    f"2026_11_{day}-02_{minute}_00" for day in ("05", "06", "07", "08") for minute in ("00", "05", "10", "12")
}
FIXTURE_IS_OLDER = 1_794_200_000
"""Archives made while cases run are younger than every one of the fixture."""
NUMBERS = frozenset(
    "starttime endtime next-run uptime pid pstart used avail total mem cpu maxmem disk maxdisk maxcpu used_fraction "
    "timestamp last-run-endtime netin netout diskread diskwrite cpus level cgroup-mode size".split()
)
SECRETS = frozenset({"ticket", "CSRFPreventionToken", "digest", "ssl_fingerprint", "value"})
SETS = frozenset({"content", "nodes"})
TEXTS = [
    (re.compile(pattern), name)
    for pattern, name in (
        (r"\b20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\dZ?", "<TS>"),
        (r"\(\d\d:\d\d:\d\d\)", "(<DUR>)"),
        (r"vzdumptmp\d+_", "vzdumptmp<PID>_"),
        (r"\b[0-9a-f]{40}\b|\b[0-9a-f]{64}\b", "<DIGEST>"),
        (r"(unable to parse calendar event - )(?!event is empty)[\s\S]*", r"\1<detail>"),
        (r"\d+(\.\d+)? ?[KMGTi]+B/s", "<RATE>"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<UUID>"),
        (r"Total bytes written: \d+ \([^)]*\)", "Total bytes written: <N>"),
        (r"(archive file size: ).*", r"\1<N>"),
    )
]
OPTION = re.compile(r" --\S+ (?:'[^']*'|\S+)")
JOB_LINE = re.compile(rf"(INFO: starting new backup job: vzdump(?: \d+)*)((?:{OPTION.pattern})*)")


def masked_text(text: str) -> str:
    """The text without times, numbers of tasks, digests; the options of a vzdump line in order."""
    text = UPID.sub(lambda found: f"<UPID {found[1]} {found[2]} {found[3]}>", text)
    text = STAMP.sub(lambda found: found[0] if found[0] in FIXTURE_STAMPS else "<DATE>", text)
    for pattern, name in TEXTS:
        text = pattern.sub(name, text)
    job = JOB_LINE.fullmatch(text)
    return job[1] + "".join(sorted(OPTION.findall(job[2]))) if job else text


def masked(value: Any, key: str = "") -> Any:
    """The data of an answer; lists of objects have no order (lines of a log do), comma lists that are sets neither."""
    if isinstance(value, dict):
        return {name: masked(inner, name) for name, inner in sorted(value.items())}
    if isinstance(value, list):
        return _masked_list([masked(item) for item in value])
    if value is None or isinstance(value, bool):
        return value
    if key in SECRETS:
        return f"<{key}>"
    if isinstance(value, int | float):
        varies = key in NUMBERS or (key == "ctime" and value > FIXTURE_IS_OLDER)
        return "<number>" if varies else value
    if key in SETS and re.fullmatch(r"[a-z0-9,_-]*", value):
        return ",".join(sorted(value.split(",")))
    return masked_text(str(value))


def _masked_list(items: list[Any]) -> list[Any]:
    ordered = any(not isinstance(item, dict) or {"n", "t"} <= item.keys() for item in items)
    return items if ordered else sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
