"""Which Python a real Home Assistant gets, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import home_assistant


def python(place: Path, version: str) -> Path:
    place.parent.mkdir(parents=True)
    place.write_text(f"#!/bin/sh\necho {version}\n")
    place.chmod(0o755)
    return place


def test_it_is_taken_from_path_or_pyenv_where_it_is_what_its_name_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    with pytest.raises(
        home_assistant.NoPython, match=r"no Python 3\.13 on PATH or in pyenv, which Home Assistant 2025"
    ):
        home_assistant.python()
    python(tmp_path / "bin" / "python3.13", "3.11")
    own = python(tmp_path / "pyenv" / "versions" / "3.13.0" / "bin" / "python3.13", "3.13")
    assert home_assistant.python() == own
