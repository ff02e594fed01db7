"""What holds for every file of the project; the directions of imports are contracts in pyproject.toml."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    if name and (ROOT / name).is_file()
]
MODULES = [file for file in FILES if file.suffix == ".py"]
VAGUE = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
TOP_LEVEL = {"/", "/home", "/mnt", "/opt", "/root", "/srv", "/tmp", "/usr", "/var"}


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def words(identifier: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", identifier)}


def test_no_module_is_longer_than_300_lines() -> None:
    long = {name(file): lines for file in MODULES if (lines := len(file.read_text().splitlines())) > 300}
    assert long == {}


def test_every_module_opens_with_one_sentence() -> None:
    silent = [name(file) for file in MODULES if not (ast.get_docstring(ast.parse(file.read_text())) or "").strip()]
    assert silent == []


def test_no_name_is_vague() -> None:
    named = {name(file): words(file.stem) | words(file.parent.name) for file in MODULES}
    for file in MODULES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef):
                named[f"{name(file)}: {node.name}"] = words(node.name)
    assert {place: vague for place, said in named.items() if (vague := said & VAGUE)} == {}


def test_no_file_names_a_path_of_the_machine_it_was_written_on() -> None:
    here = {str(ROOT), str(ROOT.parent)} - TOP_LEVEL
    if Path(sys.base_prefix).is_relative_to(Path.home()):
        here.add(sys.base_prefix)
    paths = re.compile("|".join(rf"{re.escape(path)}\b" for path in sorted(here)).encode())
    assert [name(file) for file in FILES if paths.search(file.read_bytes())] == []


@pytest.mark.parametrize("package", ["homebackup", "components", "pverules", "lab"])
def test_every_folder_of_a_package_is_a_package(package: str) -> None:
    folders = {file.parent for file in MODULES if file.is_relative_to(ROOT / package)}
    assert [name(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []
