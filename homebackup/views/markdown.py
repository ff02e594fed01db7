"""Markdown from templates: what other people named stays text, and a command is one block of code."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from homebackup.assess.amounts import size, span
from homebackup.views.plain_markdown import fence, quoted, sentence


def fenced(command: str) -> Markup:
    """A command as a block of code, whatever is in it."""
    return Markup(fence(command))  # noqa: S704 -- nothing in a fence is markup


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
