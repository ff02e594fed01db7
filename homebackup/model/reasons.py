"""What is wrong with a value, as the end of a sentence that begins with the name of its property."""

from typing import Any

_KINDS = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping",
    "extra_forbidden": "is not a property here; correct the spelling or remove it",
    "frozen_set_type": "must be a list",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "mapping_type": "must be a mapping",
    "missing": "is required",
    "model_type": "must be a mapping",
    "string_type": "must be text",
    "too_short": "must not be empty",
    "tuple_type": "must be a list",
}
"""pydantic's kinds of error whose text speaks of Python."""


def reason(error: Any) -> str:
    """One of the errors that pydantic's ValidationError lists, without the place where it happened."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    text = str(error["msg"]).replace("Input should", "must")
    return _KINDS.get(error["type"], text[:1].lower() + text[1:])
