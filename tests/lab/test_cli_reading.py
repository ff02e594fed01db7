"""Option lines, tables and texts of Proxmox's commands, where no recorded row says it as shortly."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lab.box import Box
from lab.cli import options, serialising, usage
from lab.cli.options import BadOptions, Kind
from lab.cli.tables import Column, Look, bytes_text, duration_text, table

KINDS: dict[str, Kind] = {"output-format": "text", "quiet": "boolean", "vmid": "list", "path": "array", "prune": "text"}


@pytest.mark.parametrize(
    ("words", "read", "rest"),
    [
        (["--output-format", "json"], {"output-format": "json"}, []),
        (["-OUT=json", "x"], {"output-format": "json"}, ["x"]),
        (["--quiet", "word"], {"quiet": 0}, []),
        (["--quiet", "--prune", "-1"], {"quiet": 1, "prune": "-1"}, []),
        (["--vmid", "100,101", "--vmid", "102"], {"vmid": "100,101,102"}, []),
        (["--path", "/a", "--path", "/b c"], {"path": ["/a", "/b c"]}, []),
        (["a", "--", "--quiet"], {}, ["a", "--quiet"]),
    ],
)
def test_option_lines(words: list[str], read: dict[str, Any], rest: list[str]) -> None:
    words = ["no" if word == "word" else word for word in words]
    line = options.read(words, KINDS)
    assert (line.options, line.words) == (read, rest)


@pytest.mark.parametrize(
    ("words", "warnings"),
    [
        (["--nosuch", "1"], ["Unknown option: nosuch"]),
        (["--p", "1"], ["Option p is ambiguous (path, prune)"]),
        (["--prune"], ["Option prune requires an argument"]),
        (["--prune="], ["Option prune requires an argument"]),
    ],
)
def test_option_lines_that_cannot_be_read(words: list[str], warnings: list[str]) -> None:
    with pytest.raises(BadOptions) as caught:
        options.read(words, KINDS)
    assert (caught.value.text, caught.value.warnings) == ("unable to parse option", warnings)


DATA = st.recursive(
    st.none() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz-", min_size=1), inner, max_size=3),
)


@given(DATA)
def test_json_in_both_spellings_reads_back(data: Any) -> None:
    assert json.loads(serialising.as_json(data)) == data
    assert json.loads(serialising.as_pretty_json(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        {"a": "8.4", "b": 8, "c": "yes", "d": "it's", "e": None, "f": "", "g": "two\nlines", "h": "a: b", "i": "#x"},
        [{"id": "x", "list": ["1", 2]}, {"id": "y", "map": {"k": "v"}}],
    ],
)
def test_yaml_reads_back(data: Any) -> None:
    assert yaml.safe_load(serialising.as_yaml(data)) == data


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0.00 B"), (1024, "1.00 KiB"), (8 << 20, "8.00 MiB"), (3 << 40, "3.00 TiB"), (5 << 50, "5.00 PiB")],
)
def test_sizes(value: int, text: str) -> None:
    assert bytes_text(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0s"), (59, "59s"), (8767, "2h 26m 7s"), (694861, "1w 1d 1h 1m 1s")])
def test_durations(value: int, text: str) -> None:
    assert duration_text(value) == text


def test_a_table_sorts_by_its_first_column_and_keeps_lines_of_a_cell_together() -> None:
    columns = [Column("n", type="integer"), Column("text")]
    rows = [{"n": 10, "text": "ten"}, {"n": 9, "text": "nine\nstill"}]
    assert table(rows, columns, Look()).splitlines() == [
        "┌────┬───────┐",
        "│  n │ text  │",
        "╞════╪═══════╡",
        "│  9 │ nine  │",
        "│    │ still │",
        "├────┼───────┤",
        "│ 10 │ ten   │",
        "└────┴───────┘",
    ]
    assert table(rows, columns, Look(border=False, header=False)) == " 9 nine\n   still\n10 ten\n"


@pytest.mark.parametrize("program", ["pvesh", "pvesm", "qm", "pct", "pveum", "vzdump", "qmrestore"])
def test_every_command_of_a_program_has_a_line(program: str) -> None:
    assert usage.commands(program)
    assert all(usage.short(program, words).startswith(program) for words in usage.commands(program))


@pytest.mark.parametrize(
    ("script", "code", "out", "err"),
    [
        ("qm guest cmd 100 ping", 255, "", "No QEMU guest agent configured"),
        ("qm set 100 --agent 1 && qm agent 100 ping", 0, "", ""),
        ("qm set 100 --agent 1 && qm guest cmd 100 get-host-name", 0, '{\n   "host-name" : "vm-a"\n}', ""),
        ("pct exec 103 -- true", 0, "", ""),
        ("pct exec 103 -- hostname", 0, "ct-a", ""),
        ("pct exec 105 true", 255, "", "container '105' not running!"),
        ("pct exec 999 true", 2, "", "Configuration file 'nodes/pve/lxc/999.conf' does not exist"),
        ("pveversion", 0, "pve-manager/8.4.1/2a5fa54a8503f96d (running kernel: 6.8.12-9-pve)", ""),
        (
            "qm shutdown 100 && qm status 100 && qm start 100 && qm status 100",
            0,
            "status: stopped\nstatus: running",
            "",
        ),
        ("pvesm scan nfs 10.0.0.150", 0, "", ""),
        ("pveum user add new@pve && pveum user delete new@pve", 0, "", ""),
        ("vzdump 105 --storage local --mode stop --stdout 2>/dev/null | head -c 4", 0, "././", ""),
    ],
)
async def test_commands(box: Box, script: str, code: int, out: str, err: str) -> None:
    exit_code, stdout, stderr = await box.machine.shell(script)
    assert (exit_code, stdout.decode().strip(), stderr.decode().strip()) == (code, out, err)
