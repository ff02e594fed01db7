"""Answers as text for programs: JSON in one line or indented, and YAML, spelt as Proxmox's libraries do."""

import json
import re
from typing import Any

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Inf(?:inity)?|NaN", re.I)
_ESCAPED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f'\n]")
_QUOTED = re.compile(r"^[~!@#%&*|>?:,\"`{}\[\]-]|^\s|\s$|: |:$|^(?:null|true|false|y|n|yes|no|on|off)$", re.I)


def as_json(data: Any) -> str:
    """Compact JSON, keys sorted, characters beyond ASCII as they are."""
    if isinstance(data, dict):
        return "{" + ",".join(f"{scalar(str(k))}:{as_json(v)}" for k, v in sorted(data.items())) + "}"
    if isinstance(data, list):
        return "[" + ",".join(map(as_json, data)) + "]"
    return scalar(data)


def as_pretty_json(data: Any, indent: int = 0) -> str:
    """Indented JSON (three blanks, a blank before each colon), keys sorted, without a line feed at the end."""
    inner, outer = "   " * (indent + 1), "   " * indent
    if isinstance(data, dict) and data:
        items = [f"{inner}{scalar(str(k))} : {as_pretty_json(v, indent + 1)}" for k, v in sorted(data.items())]
        return "{\n" + ",\n".join(items) + f"\n{outer}}}"
    if isinstance(data, list) and data:
        return "[\n" + ",\n".join(inner + as_pretty_json(v, indent + 1) for v in data) + f"\n{outer}]"
    return as_json(data)


def scalar(data: Any) -> str:
    """One JSON value that is no list and no object; fractions with 15 digits as Perl prints them."""
    if isinstance(data, bool):
        return str(int(data))
    if isinstance(data, float):
        return number(data)
    return json.dumps(data, ensure_ascii=False)


def number(value: float) -> str:
    """A fraction as Perl prints it."""
    return format(value, ".15g")


def as_yaml(data: Any) -> str:
    """A YAML document, keys sorted."""
    if isinstance(data, dict | list) and data:
        return "---\n" + "".join(line + "\n" for line in _yaml_lines(data))
    return "--- " + _yaml_leaf(data) + "\n"


def _yaml_lines(data: Any) -> list[str]:
    lines: list[str] = []
    if isinstance(data, list):
        for item in data:
            block = _yaml_lines(item) if isinstance(item, dict | list) and item else [_yaml_leaf(item)]
            lines += ["- " + block[0], *("  " + line for line in block[1:])]
        return lines
    for key, value in sorted(data.items()):
        name = _yaml_scalar(str(key))
        if isinstance(value, dict | list) and value:
            lines += [f"{name}:", *("  " + line for line in _yaml_lines(value))]
        else:
            lines.append(f"{name}: {_yaml_leaf(value)}")
    return lines


def _yaml_leaf(value: Any) -> str:
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    return _yaml_scalar(value)


def _yaml_scalar(value: Any) -> str:
    if value is None:
        return "~"
    if isinstance(value, int | float):
        return scalar(value)
    text = str(value)
    if _ESCAPED.search(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'
    return f"'{text}'" if not text or _NUMBER.fullmatch(text) or _QUOTED.search(text) else text
