"""Parameter schemas: compiled once from data, they verify what a call is sent and say in Proxmox's words what is wrong.

The words and their order are those of PVE::JSONSchema (check_prop, check_object); all faults of a call come at once.
"""

import re
from collections.abc import Mapping
from typing import Any

from lab.pve.errors import BadParameters
from lab.pve.formats import check_format
from pverules import property_string

NUMBER = re.compile(r"[+-]?(?:\d+\.\d+|\d+\.|\.\d+|\d+)(?:[eE][+-]?\d+)?")
INTEGER = re.compile(r"[+-]?\d+")
UNKNOWN = "property is not defined in schema and the schema does not allow additional properties"
MISSING = "property is missing and it is not optional"
Errors = dict[str, str]


def add(errors: Errors, path: str, text: str) -> None:
    """Note a fault; a second one of the same property is joined by a backslash and an n, as Proxmox does."""
    path = path or "_root"
    errors[path] = f"{errors[path]}\\n{text}" if path in errors else text


class Property:
    """What one parameter may be."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.type: str = data.get("type", "string")
        self.optional = bool(data.get("optional"))
        self.requires: str | None = data.get("requires")
        self.format: Any = data.get("format")
        self.inner = Schema(data["properties"]) if self.format == "(inline)" else None
        self.default: Any = data.get("default")
        self.default_key = bool(data.get("default_key"))
        self.pattern = re.compile(data["pattern"]) if "pattern" in data else None
        self.min_length: int | None = data.get("minLength")
        self.max_length: int | None = data.get("maxLength")
        self.minimum: float | None = data.get("minimum")
        self.maximum: float | None = data.get("maximum")
        self.enum: list[str] | None = data.get("enum")
        self.items = Property(data["items"]) if isinstance(data.get("items"), Mapping) else None
        self.is_list = self.type == "string" and str(self.format).endswith(("-list", "-alist"))

    def coerce(self, value: Any) -> Any:
        """A JSON list for a comma list is joined, one value for an array is an array of it."""
        if isinstance(value, list):
            return ",".join(map(plain, value)) if self.is_list else value
        return [value] if self.type == "array" and value is not None else value

    def check(self, value: Any, path: str, errors: Errors) -> Any:
        """The value as Python has it (int for booleans and integers, float for numbers); faults go to `errors`."""
        if self.type == "array":
            if not isinstance(value, list):
                add(errors, path, "type check ('array') failed")
            elif self.items:
                return [self.items.check(item, f"{path}[{i}]", errors) for i, item in enumerate(value)]
            return value
        if isinstance(value, list | dict):
            kind = "ARRAY" if isinstance(value, list) else "HASH"
            return add(errors, path, f"type check ('{self.type}') failed - got {kind}")
        text = plain(value)
        wrong = (
            (self.type == "boolean" and text not in ("0", "1"))
            or (self.type == "integer" and not INTEGER.fullmatch(text))
            or (self.type == "number" and not NUMBER.fullmatch(text))
        )
        if wrong:
            return add(errors, path, f"type check ('{self.type}') failed - got '{text}'")
        if fault := self._fault(text, path):
            return add(errors, path, fault)
        if self.type in ("boolean", "integer"):
            return int(text)
        return float(text) if self.type == "number" else text

    def _fault(self, text: str, path: str) -> str | None:
        """The first of the rules beyond the type that the text breaks."""
        if self.format:
            try:
                if self.inner:
                    self.inner.split(text, path)
                else:
                    check_format(self.format, text, path)
            except ValueError as error:
                return f"invalid format - {error}"
        if self.pattern and not self.pattern.fullmatch(text):
            return "value does not match the regex pattern"
        if self.max_length is not None and len(text) > self.max_length:
            return f"value may only be {self.max_length} characters long"
        if self.min_length is not None and len(text) < self.min_length:
            return f"value must be at least {self.min_length} characters long"
        if (self.maximum is not None or self.minimum is not None) and NUMBER.fullmatch(text):
            if self.maximum is not None and float(text) > self.maximum:
                return f"value must have a maximum value of {self.maximum}"
            if self.minimum is not None and float(text) < self.minimum:
                return f"value must have a minimum value of {self.minimum}"
        if self.enum is not None and text not in self.enum:
            return f"value '{text}' does not have a value in the enumeration '{', '.join(self.enum)}'"
        return None


class Schema:
    """The parameters of a call, or the keys of a property string."""

    def __init__(
        self, properties: Mapping[str, Mapping[str, Any]], *, additional: bool = False, others: str = ""
    ) -> None:
        """`others`: a regular expression of further names that are accepted as they are."""
        self.properties = {name: Property(data) for name, data in properties.items()}
        self.additional = additional
        self._others = re.compile(others) if others else None
        self._required = [name for name, p in self.properties.items() if not p.optional]
        self.default_key = next((name for name, p in self.properties.items() if p.default_key), None)

    def check(self, values: Mapping[str, Any], path: str, errors: Errors) -> dict[str, Any]:
        """The values converted; what is wrong goes to `errors` under its dotted path."""
        front = f"{path}." if path else ""
        found: dict[str, Any] = {}
        for name in self._required:
            if values.get(name) is None:
                add(errors, front + name, MISSING)
        for name, value in values.items():
            known = self.properties.get(name)
            if known is None:
                if not self.additional and not (self._others and self._others.fullmatch(name)):
                    add(errors, front + name, UNKNOWN)
                found[name] = value
                continue
            if known.requires and values.get(known.requires) is None:
                add(errors, front + known.requires, f"missing property - '{front}{name}' requires this property")
            found[name] = known.check(value, front + name, errors) if value is not None else None
        return found

    def verify(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a call, converted; raises BadParameters."""
        errors: Errors = {}
        known = self.properties
        coerced = {name: known[name].coerce(value) if name in known else value for name, value in values.items()}
        found = self.check(coerced, "", errors)
        if errors:
            raise BadParameters(errors)
        return found

    def split(self, text: str, path: str = "") -> dict[str, str]:
        """The keys and texts of a property string; raises ValueError with Proxmox's text, line feed included."""
        try:
            found = property_string.parse(text, self.default_key)
        except property_string.InvalidPropertyString as error:
            raise ValueError(f"{error}\n") from None
        for key, value in found.items():
            known = self.properties.get(key)
            if known and known.type == "boolean":
                found[key] = truth(value)
        errors: Errors = {}
        self.check(found, path, errors)
        if errors:
            raise ValueError("format error\n" + "".join(f"{key}: {fault}\n" for key, fault in errors.items()))
        return found


def plain(value: Any) -> str:
    """A JSON scalar as the text that Perl would see."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def truth(text: str) -> str:
    """`1` or `0` for the spellings of a boolean that property strings and files may use; anything else as it is."""
    low = text.lower()
    return "1" if low in ("1", "on", "yes", "true") else "0" if low in ("0", "off", "no", "false") else text
