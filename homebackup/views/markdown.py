"""Markdown from templates: what other people named stays text, and a command is one block of code."""

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from homebackup.assess.amounts import size, span
from homebackup.model.plain import one_line, plain_line


def quoted(value: Any) -> str:
    """Text in which nothing means anything to Markdown."""
    text = re.sub(r"([\\`*\[\]<>&|~])", r"\\\1", plain_line(str(value)).replace("\t", " "))
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)


def fenced(command: str) -> Markup:
    """A command as a block of code, whatever is in it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", command)), default=0))
    return Markup(f"{fence}sh\n{plain_line(command)}\n{fence}")  # noqa: S704 -- nothing in a fence is markup


def sentence(text: str) -> str:
    """Words as a sentence: a capital first and a full stop last; nothing stays nothing."""
    said = one_line(text)
    return f"{said[:1].upper()}{said[1:]}." if said else ""


LOADER = PackageLoader("homebackup.views")
FILTERS = {"size": size, "span": span, "sentence": sentence, "fenced": fenced}
"""What templates of any kind may use."""
TEXTS = Environment(  # noqa: S701 -- its own finalize escapes, as Markdown has it
    loader=LOADER,
    finalize=lambda value: value if isinstance(value, Markup) else quoted(value),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
TEXTS.filters |= FILTERS
