"""Run recorded command lines on a lab's host and say where output or exit code differ."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab.box import Box
from tests.lab.masking import NUMBERS, masked, masked_text
from tests.lab.replay import filled

HERE = Path(__file__).parent
Row = dict[str, Any]
_CELLS = re.compile(r"\s*[|│]\s*")
_RULE = re.compile(r"[+\-=─═┌┐└┘├┤┬┴┼╞╡╪]+")
_UPID = re.compile(r'UPID:[^\s"]+:')
_MASKED_UPID = re.compile(r"<UPID [^>]*>")
_ARCHIVE = re.compile(r"creating vzdump archive '([^']+)'")
_TRANSFERRED = re.compile(r"(?<=transferred )[\d.]+( bytes|KB)")
_MAC = re.compile(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}")
_NUMBER = re.compile(r"(?<![\w.:/-])\d+(?:\.\d+)?%?(?![\w.:/-])|N/A")


def rows() -> list[Row]:
    """The recorded command lines in order."""
    text = (HERE / "recordings" / "cli.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def not_reproduced() -> dict[str, str]:
    """Row id -> why the lab prints something else on purpose."""
    found: dict[str, str] = yaml.safe_load((HERE / "not_reproduced_cli.yaml").read_text(encoding="utf-8"))
    return found


def left_out() -> dict[str, list[list[str]]]:
    """Row id -> command lines that were not recorded, but whose effect that row needs: run before it, unchecked."""
    text = (HERE / "recordings" / "left_out_cli.jsonl").read_text(encoding="utf-8")
    found: dict[str, list[list[str]]] = {}
    for row in map(json.loads, text.splitlines()):
        found.setdefault(row["before"], []).append(row["argv"])
    return found


@dataclass
class Report:
    """Ids of the rows that were the same or are listed, and a text for each that differs."""

    passed: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)


async def replay(lines: Iterable[Row], box: Box, listed: dict[str, str]) -> Report:
    """Run the command lines in order, each group from the fixture."""
    report, known, unrecorded = Report(), dict[str, str](), left_out()
    for row in lines:
        if row.get("reset"):
            await box.reset()
            known = {}
            continue
        for argv in unrecorded.get(row.get("id", ""), []):
            await box.machine.shell(shlex.join(argv))
        script = shlex.join(filled(row.get("argv") or row["side"], known))
        code, out, err = await box.machine.shell(script)
        if "side" in row:
            continue
        if "vzdump" in script:  # two archives of a guest never come from the same second
            box.clock.set(box.clock.now() + 1)
            await box.clock.settled()
        stdout, stderr = (data.decode("utf-8", "backslashreplace") for data in (out, err))
        _capture(stdout + stderr, known)
        wanted, got = compared(row, row["rc"], row["stdout"], row["stderr"]), compared(row, code, stdout, stderr)
        same = wanted == got
        if row["id"] in listed:
            (report.needless if same else report.listed).append(row["id"])
        elif same:
            report.passed.append(row["id"])
        else:
            report.differing.append("\n".join([f"{row['id']}: {script}", *_told(wanted, got)]))
    return report


def _capture(text: str, known: dict[str, str]) -> None:
    for upid in _UPID.findall(text)[-1:]:
        known["upid"] = upid
    for archive in _ARCHIVE.findall(text)[-1:]:
        known["archive"], known["archname"] = archive, archive.rpartition("/")[2]


def compared(row: Row, code: int, stdout: str, stderr: str) -> dict[str, Any]:
    """Exit code and output in a form in which nothing differs from run to run."""
    volatile = {name.lower() for name in row.get("volatile", [])}
    return {"exit": code, "stdout": shape(stdout, volatile), "stderr": sorted(lines(stderr))}


def lines(text: str) -> list[str]:
    """The lines without what varies, with single blanks; rules of tables are left out."""
    found = [_TRANSFERRED.sub("<N>", " ".join(masked_text(line).split())) for line in text.split("\n")]
    return [line for line in found if line and not _RULE.fullmatch(line)]


def shape(text: str, volatile: set[str]) -> Any:
    """JSON as data, a table as its cells, anything else as its lines."""
    try:
        return _without(masked(json.loads(text)), volatile)
    except ValueError:
        pass
    if "\0" in text:
        return ["<binary tar stream>"]
    if "|" in text or "│" in text:
        return _table(text, volatile)
    found = lines(text)
    if "hwaddr" in volatile:
        return [_MAC.sub("<MAC>", line) for line in found]
    return [_NUMBER.sub("<N>", line) for line in found] if volatile else found


def _without(data: Any, volatile: set[str]) -> Any:
    if isinstance(data, dict):
        return {key: "<*>" if key.lower() in volatile else _without(value, volatile) for key, value in data.items()}
    return [_without(item, volatile) for item in data] if isinstance(data, list) else data


def _table(text: str, volatile: set[str]) -> list[list[str]]:
    table = [_CELLS.split(line.strip().strip("|│")) for line in text.split("\n") if re.match(r"\s*[|│]", line)]
    cells = [[" ".join(cell.split()) for cell in row] for row in table]
    varying = {name.lower() for name in NUMBERS} | volatile | {"digest", "value"}
    head = cells[0] if cells else []
    named = head == ["key", "value"]
    for row in cells[1:]:
        for place, cell in enumerate(row):
            name = row[0] if named and place == 1 else head[place] if place < len(head) else ""
            if name == "content":
                row[place] = ",".join(sorted(cell.split(",")))
            elif cell and name.lower() in varying - {"size"} and not (named and place == 0):
                row[place] = "<*>"
            else:
                row[place] = masked_text(cell).strip()
    rest = [[line] for line in lines(text) if "|" not in line and "│" not in line]
    return [head, *sorted(cells[1:]), *rest]


def _told(wanted: dict[str, Any], got: dict[str, Any]) -> Iterable[str]:
    for what in wanted:
        if wanted[what] != got[what]:
            yield f"  {what}: expected {json.dumps(wanted[what], ensure_ascii=False)[:1500]}"
            yield f"  {' ' * len(what)}       got {json.dumps(got[what], ensure_ascii=False)[:1500]}"
