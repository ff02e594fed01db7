"""A site read from a stack's configuration, or every reason why it cannot be."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from homebackup.model.reasons import reason
from homebackup.model.site.declared import Site
from homebackup.model.site.problems import problems

SITE = "site"
"""The key of a stack's configuration that holds the site, in the namespace of its project."""


class InvalidSite(ValueError):
    """A site's configuration that cannot be used; `problems` maps each property's path to what is wrong with it."""

    def __init__(self, found: Iterable[tuple[str, str]]) -> None:
        self.problems: dict[str, str] = {}
        for path, said in dict.fromkeys(found):
            self.problems[path] = f"{self.problems[path]}; {said}" if path in self.problems else said
        super().__init__("\n".join(f"{path}: {said}" for path, said in self.problems.items()))


def read_site(config: Any, root: str = "site") -> Site:
    """The site that a stack's configuration declares; raises InvalidSite with every problem, its path below `root`."""
    try:
        site = Site.model_validate(config)
    except ValidationError as error:
        raise InvalidSite((_path(root, config, e["loc"]), reason(e)) for e in error.errors()) from None
    if found := [(f"{root}.{path}", said) for path, said in problems(site)]:
        raise InvalidSite(found)
    return site


def _path(root: str, config: Any, location: tuple[int | str, ...]) -> str:
    path, place = root, config
    for part in location:
        if part == "[key]":  # pydantic's mark on what is wrong with a mapping's key
            continue
        if isinstance(place, Mapping):
            path, place = f"{path}.{part}", place.get(part)
        else:
            path, place = f"{path}[{part}]", place[part] if isinstance(part, int) else None
    return path
