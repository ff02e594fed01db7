"""What a stack of Pulumi says of a site: how to reach it and what is declared of it, from one `pulumi config`."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from homebackup.model.configuration import NAMESPACE
from homebackup.model.site import SITE, InvalidSite, Site, read_site
from homebackup.world.connection import Connection
from homebackup.world.errors import Missing, Refused
from homebackup.world.pulumi_cli import PulumiCli, project_file
from homebackup.world.recipients import Recipients


@dataclass(frozen=True)
class Stack:
    """A stack as the verbs need it; `folder` is that of its project, from which relative paths count."""

    site: Site
    connection: Connection
    name: str
    folder: Path
    recipients: Recipients = field(default_factory=Recipients)

    @classmethod
    async def of(cls, pulumi: PulumiCli) -> Self:
        """What the stack declares; raises Missing or Refused for a declaration that is not there or not usable."""
        config, name = await asyncio.gather(pulumi.config(), pulumi.name())
        key = f"{project(pulumi.folder)}:{SITE}"
        if key not in config:
            raise Missing(
                f"configuration {key}", f"stack {name} declares no site", f"write one into its Pulumi.{name}.yaml"
            )
        site, way = _site(config[key], key), reached(config, pulumi.folder)
        kept = site.managing(dsm=way.dsm_url is not None, home_assistant=way.home_assistant_url is not None)
        return cls(kept, way, name, pulumi.folder, Recipients.of(config))


def reached(config: Mapping[str, Any], folder: Path) -> Connection:
    """How a stack with this configuration reaches its site; raises Problems."""
    return Connection.parse(provider(config), folder)


def provider(config: Mapping[str, Any]) -> dict[str, str]:
    """What a stack's configuration says to our provider, by key without its namespace."""
    pairs = ((name.partition(":"), value) for name, value in config.items())
    return {key: str(value) for (namespace, _, key), value in pairs if namespace == NAMESPACE}


def project(folder: Path) -> str:
    """The name of the project in a folder, which is the namespace of what its program reads."""
    file = project_file(folder)
    try:
        return str(yaml.safe_load(file.read_text(encoding="utf-8"))["name"])
    except (yaml.YAMLError, ValueError, LookupError, TypeError):
        raise Refused(str(file), "it names no project", "write name: home-backup into it") from None


def _site(declared: Any, key: str) -> Site:
    try:
        return read_site(json.loads(declared) if isinstance(declared, str) else declared, root=key)
    except json.JSONDecodeError:
        raise Refused(f"configuration {key}", "it is no mapping", "correct it in the stack's configuration") from None
    except InvalidSite as invalid:
        said = "; ".join(f"{path}: {reason}" for path, reason in invalid.problems.items())
        raise Refused(f"configuration {key}", said, "correct it in the stack's configuration") from None
