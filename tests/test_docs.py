"""Everything that an owner can use has a sentence, and the reference pages are what the declarations say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import typer.main

from homebackup.commands.__main__ import app
from homebackup.resources import RESOURCES

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
FIELDS = [pytest.param(f, id=f"{name}.{f.name}") for name, cls in RESOURCES.items() for f in cls.fields]
VERBS: Any = typer.main.get_group(app)
COMMANDS = {name: VERBS.get_command(None, name) for name in VERBS.list_commands(None)}


def generator() -> Any:
    """The module that writes the pages; `docs` is a folder of pages, not a package."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def is_sentence(text: str) -> bool:
    return text[:1].isalnum() and text.endswith(".") and len(text) > 3


@pytest.mark.parametrize("f", FIELDS)
def test_every_field_has_a_sentence_that_fits_a_table(f: Any) -> None:
    assert is_sentence(f.doc[:1].upper() + f.doc[1:].lstrip("`"))
    assert "|" not in f.doc
    assert "\n" not in f.doc


@pytest.mark.parametrize("cls", RESOURCES.values(), ids=RESOURCES.keys())
def test_every_resource_has_a_sentence_and_a_noun(cls: Any) -> None:
    assert is_sentence(cls.__doc__.split("\n\n")[0].strip())
    assert cls.noun
    assert cls.noun[0] not in "aeiou" or cls.noun.islower()


def test_there_are_verbs() -> None:
    assert {"drift", "plan", "preflight", "receipts", "recover", "status", "trust"} <= COMMANDS.keys()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_each_of_its_options_has_a_sentence(name: str) -> None:
    command: Any = COMMANDS[name]
    assert is_sentence(command.help.split("\n\n")[0].replace("\n", " ").strip())
    for parameter in command.params:
        assert is_sentence(getattr(parameter, "help", None) or ""), f"{name} {parameter.name}"


def test_the_committed_pages_are_what_the_declarations_say() -> None:
    generate = generator()
    committed = {page.name: page.read_text() for page in REFERENCE.glob("*.md")}
    stale = [name for name, text in generate.pages().items() if committed.get(name) != text]
    gone = [name for name, text in committed.items() if text.startswith(generate.MARK) and name not in generate.pages()]
    assert (stale, gone) == ([], []), "run `python docs/generate.py`"


def test_the_committed_schemas_are_what_the_verbs_print() -> None:
    stale = [name for name, text in generator().schemas().items() if (ROOT / "docs" / name).read_text() != text]
    assert stale == [], "run `python docs/generate.py`"


def test_the_committed_table_of_rules_is_what_they_say() -> None:
    assert generator().rules() == (ROOT / "docs" / "rules.md").read_text(), "run `python docs/generate.py`"


def test_writing_replaces_generated_pages_alone(tmp_path: Path) -> None:
    generate = generator()
    (tmp_path / "old.md").write_text(generate.MARK + "\nold\n")
    (tmp_path / "by-hand.md").write_text("# By hand\n")
    generate.write(tmp_path, {"new.md": generate.MARK + "\nnew\n"})
    assert {page.name for page in tmp_path.iterdir()} == {"by-hand.md", "new.md"}


@pytest.mark.parametrize("name", RESOURCES)
def test_a_page_names_every_field(name: str) -> None:
    page = generator().pages()[generator()._file(name) + ".md"]
    assert [f"| `{f.camel}` |" for f in RESOURCES[name].fields if f"| `{f.camel}` |" not in page] == []
