"""Documents of the owner's repository, and the sections of each that are kept as the site has them."""

import re
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator

from homebackup.model.kinds import Text, fitting

SectionName = Literal["configuration", "verification", "restore", "governance"]
"""What there is to be said of a site."""
SECTIONS: tuple[SectionName, ...] = get_args(SectionName)


def _each_once(names: tuple[SectionName, ...]) -> tuple[SectionName, ...]:
    if not names:
        raise ValueError("must not be empty")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"has {twice} twice")
    return names


DocumentFile = Annotated[Text, fitting(re.compile(r"[^#]+\.(md|markdown)").fullmatch, "the path of a Markdown file")]
"""A Markdown file; a relative path counts from the project's folder."""
Sections = Annotated[tuple[SectionName, ...], AfterValidator(_each_once)]
"""Sections in the order in which they are made."""


def marked_name(site: str, section: str) -> str:
    """What a section is called in a file that may have sections of several sites: `home-restore`."""
    return "-".join(re.findall(r"[\w.]+", f"{site} {section}"))
