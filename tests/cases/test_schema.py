"""The provider's schema agrees with the declarations, and with what the provider hands to Pulumi."""

from __future__ import annotations

import re
from typing import Any

import pytest

from homebackup.engine.codec import lift
from homebackup.engine.schema import provider_schema, reference
from homebackup.model.declare import key, observed, remembered, replaces, secret
from homebackup.resources import RESOURCES
from homebackup.world.connection import Connection
from tests.resources.sections import distinct, fields

SCHEMA = provider_schema()
TYPES = {"string": str, "boolean": bool, "integer": float, "number": float, "array": tuple, "object": object}
EACH = pytest.mark.parametrize(("name", "cls"), RESOURCES.items(), ids=RESOURCES.keys())


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = SCHEMA["resources"][f"homebackup:index:{name}"]
    return found


def test_every_resource_is_in_it() -> None:
    assert SCHEMA["resources"].keys() == {f"homebackup:index:{name}" for name in RESOURCES}
    assert re.fullmatch(r"\d+\.\d+\.\d+", SCHEMA["version"])


@EACH
def test_what_a_program_may_and_must_give(name: str, cls: Any) -> None:
    inputs = [f for f in cls.fields if not {observed, remembered} & f.marks]
    assert list(schema(name)["inputProperties"]) == [f.camel for f in inputs]
    assert list(schema(name)["properties"]) == [f.camel for f in cls.fields]
    assert schema(name)["requiredInputs"] == [f.camel for f in inputs if f.required]
    assert set(schema(name)["requiredInputs"]) <= set(schema(name)["required"]) <= schema(name)["properties"].keys()


@EACH
def test_marks_and_sentences_of_each_property(name: str, cls: Any) -> None:
    for f in cls.fields:
        said = schema(name)["properties"][f.camel]
        assert said["description"] == f.doc
        assert said.get("secret", False) is (secret in f.marks)
        assert said.get("replaceOnChanges", False) is bool({key, replaces} & f.marks)
        assert re.fullmatch("[a-z][a-zA-Z0-9]*", f.camel)


@pytest.mark.parametrize(("cls", "f"), [pytest.param(cls, f, id=f"{cls.__name__}.{f.name}") for cls, f in fields()])
def test_what_pulumi_is_handed_has_the_type_that_was_announced(cls: Any, f: Any) -> None:
    said = schema(cls.__name__)["properties"][f.camel]
    for value in distinct(f):
        lifted = lift(value).value
        assert isinstance(lifted, TYPES[said["type"]])
        if said["type"] == "array":
            assert isinstance(lifted, tuple)
            assert all(isinstance(element.value, TYPES[said["items"]["type"]]) for element in lifted)
        if said["type"] == "object":
            values = said["additionalProperties"]
            kind = object if values.get("$ref") == "pulumi.json#/Any" else TYPES[values["type"]]
            assert all(isinstance(element.value, kind) for element in dict(lifted).values())  # type: ignore[arg-type]


def test_the_configuration_is_the_connections() -> None:
    names = {field.alias or name for name, field in Connection.model_fields.items()}
    assert SCHEMA["config"]["variables"].keys() == names
    assert SCHEMA["provider"]["inputProperties"] == SCHEMA["config"]["variables"]
    hidden = {name for name, said in SCHEMA["config"]["variables"].items() if said.get("secret")}
    assert hidden == {"password", "token", "homeAssistantToken", "dsmPassword", "dsmDevice"}


@EACH
def test_a_reference_page_has_a_row_for_each_property(name: str, cls: Any) -> None:
    lines = reference(cls).splitlines()
    assert lines[0] == f"## {name}"
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("| `")]
    assert [row[0].strip(" `") for row in rows] == [f.camel for f in cls.fields]
    assert all(len(row) == 4 and all(cell.strip() for cell in row) for row in rows)
