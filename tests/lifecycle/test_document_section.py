"""A document's section through its life on a world of files alone: nobody outside this machine is asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.declare import changes, check
from homebackup.resources import RESOURCES
from homebackup.world.connection import Connection
from homebackup.world.errors import Changed, Refused
from homebackup.world.live_site import LiveSite

FILE = "docs/MINILAB_SSOT.md"
SECTION = RESOURCES["DocumentSection"]
OWNERS = "# Minilab\r\n\r\nCaf\u00e9, by hand.\n"
SAYS = "## Backups\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"
EDGES = ("\n<!-- homebackup: begin home -->\n\n", "\n\n<!-- homebackup: end home -->\n")
WITH = OWNERS + SAYS.join(EDGES)


@dataclass
class Desk:
    """The owner's repository, with a site that cannot be reached, and what was said."""

    folder: Path
    said: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / FILE

    def of(self, name: str = "home") -> Lifecycle:
        site = LiveSite(Connection.parse({"host": "192.0.2.1"}), self.folder)
        return Lifecycle(site, SECTION, f"{FILE}#{name}", self.said.append)

    async def made(self, content: str = SAYS, name: str = "home") -> Any:
        return await self.of(name).create(declared(content, name), preview=False)

    def text(self) -> str:
        return self.file.read_bytes().decode()


def declared(content: str = SAYS, name: str = "home") -> Any:
    inputs, wrong = check(SECTION, {"file": FILE, "section": name, "content": content})
    assert not wrong
    return SECTION(**inputs)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "repository")
    desk.file.parent.mkdir(parents=True)
    desk.file.write_bytes(OWNERS.encode())
    return desk


async def test_a_preview_shows_the_lines_and_writes_none(desk: Desk) -> None:
    await desk.of().create(declared(), preview=True)
    assert desk.text() == OWNERS
    assert f"edit {FILE} here" in desk.said[0]
    assert "+ | 1 | 2 |" in desk.said[0]
    assert "by hand" not in desk.said[0]


async def test_made_read_changed_and_deleted_leaves_every_other_byte(desk: Desk) -> None:
    made = await desk.made()
    assert desk.text() == WITH
    assert changes(SECTION, vars(await desk.of().read({})), vars(made)) == {}, "an import sees the same"
    desk.file.write_bytes((WITH + "more\r\n").encode())
    await desk.of().update(vars(made), declared("Less."), preview=False)
    assert desk.text() == OWNERS + "Less.".join(EDGES) + "more\r\n"
    await desk.of().update(vars(declared("Less.")), made, preview=False)
    await desk.of().delete(vars(made))
    await desk.of().delete(vars(made))
    assert desk.text() == OWNERS + "more\r\n"
    assert await desk.of().read(vars(made)) is None


async def test_an_edit_by_hand_is_drift_shown_by_lines_and_repaired(desk: Desk) -> None:
    made = await desk.made()
    desk.file.write_bytes(WITH.replace("| 1 | 2 |", "| 1 | 3 |").encode())
    seen = await desk.of().read(vars(made))
    assert changes(SECTION, vars(seen), vars(made)) == {"content": False}
    await desk.of().update(vars(seen), made, preview=True)
    assert "\n    - | 1 | 3 |\n    + | 1 | 2 |" in desk.said[-1]
    await desk.of().update(vars(seen), made, preview=False)
    assert desk.text() == WITH


async def test_an_edit_between_look_and_write_is_not_overwritten(desk: Desk) -> None:
    made = await desk.made()
    desk.file.write_bytes(WITH.replace("| 1 | 2 |", "| 1 | 3 |").encode())
    with pytest.raises(Changed, match="content was changed: - | 1 | 2 |; \\+ | 1 | 3 |".replace("|", "\\|")):
        await desk.of().update(vars(made), declared("Less."), preview=False)
    assert "| 1 | 3 |" in desk.text()


async def test_an_equal_section_is_taken_over_and_another_one_stops_with_the_import_line(desk: Desk) -> None:
    desk.file.write_bytes(WITH.encode())
    await desk.made()
    assert desk.text() == WITH
    with pytest.raises(Refused, match=f"content is not as declared.*and 4 more.*pulumi import.*{FILE}#home"):
        await desk.made("Less.\nMuch less.\nNothing.")
    assert desk.text() == WITH


async def test_a_new_file_is_written_and_goes_with_its_last_section(desk: Desk) -> None:
    desk.file.unlink()
    one, other = await desk.made(), await desk.made("Other.", "shop")
    assert desk.text().startswith("<!-- homebackup: begin home -->\n\n## Backups\n")
    await desk.of("home").delete(vars(one))
    assert desk.text().startswith("\n<!-- homebackup: begin shop -->\n\nOther.\n")
    await desk.of("shop").delete(vars(other))
    assert not desk.file.exists()


async def test_sections_of_one_file_at_once_do_not_starve_each_other(desk: Desk) -> None:
    site = desk.of().site
    lives = [Lifecycle(site, SECTION, f"{FILE}#s{n}", desk.said.append) for n in range(6)]
    await asyncio.gather(*(life.create(declared(name=f"s{n}"), preview=False) for n, life in enumerate(lives)))
    assert desk.text().count("homebackup: begin") == 6
    await asyncio.gather(*(life.delete(vars(declared(name=f"s{n}"))) for n, life in enumerate(lives)))
    assert desk.text() == OWNERS


async def test_markers_that_do_not_fit_are_refused_with_the_line_and_left(desk: Desk) -> None:
    broken = WITH + "<!-- homebackup: begin home -->\r\n"
    desk.file.write_bytes(broken.encode())
    for act in (desk.made(), desk.of().read(vars(declared())), desk.of().delete(vars(declared()))):
        with pytest.raises(Refused, match=f"{FILE}, line 14: section home is there already, in line 5; correct the"):
            await act
    assert desk.text() == broken
    with pytest.raises(Refused, match="names no section"):
        await Lifecycle(desk.of().site, SECTION, FILE, desk.said.append).read({})
