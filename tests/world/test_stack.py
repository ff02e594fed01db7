"""A stack as the verbs need it: its site and its way there, wherever the verb is called from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from homebackup.world.errors import Missing, Refused
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack

SITE: Any = yaml.safe_load((Path(__file__).parents[2] / "Pulumi.home.yaml").read_text())["config"]["home-backup:site"]


class Configured(PulumiCli):
    """Pulumi, as far as it prints a configuration."""

    def __init__(self, folder: Path, **config: Any) -> None:
        super().__init__(folder, "organization/project/home")
        self.said = config

    async def config(self) -> dict[str, Any]:
        return {"homebackup:host": "pve", "homebackup:sshIdentityFile": "id"} | self.said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of another name than ours, and a folder inside it."""
    (tmp_path / "Pulumi.yaml").write_text("name: cupboard\nruntime: python\n")
    (tmp_path / "id").write_text("")
    (tmp_path / "docs").mkdir()
    return tmp_path


@pytest.mark.parametrize("where", [".", "docs"])
@pytest.mark.parametrize("site", [SITE, json.dumps(SITE)], ids=["mapping", "text"])
async def test_it_is_read_from_its_projects_folder(folder: Path, where: str, site: Any) -> None:
    stack = await Stack.of(Configured(folder / where, **{"cupboard:site": site, "home-backup:site": {}}))
    assert (stack.name, stack.folder, stack.site.name) == ("home", folder, "home")
    assert stack.connection.ssh_identity_file == folder / "id"


@pytest.mark.parametrize("wrong", [{**SITE, "lan": "nowhere"}, "no JSON", 5])
async def test_a_declaration_that_cannot_be_read_is_a_sentence(folder: Path, wrong: Any) -> None:
    with pytest.raises(Refused, match=r"^configuration cupboard:site: .*; correct it in the stack's configuration$"):
        await Stack.of(Configured(folder, **{"cupboard:site": wrong}))


async def test_a_stack_without_a_site(folder: Path) -> None:
    with pytest.raises(Missing, match=r"cupboard:site: stack home declares no site; write one into its Pulumi\.home"):
        await Stack.of(Configured(folder))


@pytest.mark.parametrize("text", ["", "- 1", "name", "a: [", "runtime: python"])
async def test_a_project_without_a_name(folder: Path, text: str) -> None:
    (folder / "Pulumi.yaml").write_text(text)
    with pytest.raises(Refused, match=r"Pulumi\.yaml: it names no project"):
        await Stack.of(Configured(folder))
