"""Other sites as their stacks' files declare them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from homebackup.model.seen import Unseen
from homebackup.model.site import read_site
from homebackup.world.neighbours import neighbours
from tests.cases.sites import stack

HOME = stack("home")


def told(folder: Path, config: object) -> str:
    (folder / "other.yaml").write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    found = neighbours(read_site({**HOME, "neighbours": ["other.yaml"]}), folder)
    assert isinstance(found, Unseen)
    return str(found)


def test_the_sites_of_other_stacks(tmp_path: Path) -> None:
    for name in ("shop", "farm"):
        config = {"homebackup:host": "10.0.0.51", "any:site": {**HOME, "name": name}}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({"encryptionsalt": "v1", "config": config}))
    found = neighbours(read_site({**HOME, "neighbours": ["shop.yaml", str(tmp_path / "farm.yaml")]}), tmp_path)
    assert not isinstance(found, Unseen)
    assert [one.name for one in found] == ["shop", "farm"]


def test_a_site_without_neighbours(tmp_path: Path) -> None:
    assert neighbours(read_site(HOME), tmp_path) == ()


@pytest.mark.parametrize(
    "config",
    ["", "config: [", "a list", {"config": {"x:other": HOME}}, {"config": {"x:site": HOME, "y:site": HOME}}, b"\xff"],
)
def test_a_file_that_declares_no_site(tmp_path: Path, config: object) -> None:
    assert "other.yaml: it declares no site; name the file of the other site's stack" in told(tmp_path, config)


def test_a_file_that_is_not_there_or_is_wrong(tmp_path: Path) -> None:
    found = neighbours(read_site({**HOME, "neighbours": ["other.yaml"]}), tmp_path)
    assert "other.yaml: the file is not there; name the file" in str(found)
    assert "any:site.node: is required; correct it there" in told(
        tmp_path, {"config": {"any:site": {key: value for key, value in HOME.items() if key != "node"}}}
    )
