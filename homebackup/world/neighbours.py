"""Other sites that use the same NAS, as their stacks declare them in files on this machine."""

from pathlib import Path
from typing import Any

import yaml

from homebackup.model.seen import Unseen
from homebackup.model.site import SITE, InvalidSite, Site, read_site
from homebackup.world.errors import Missing, Refused, Trouble


def neighbours(site: Site, folder: Path = Path()) -> tuple[Site, ...] | Unseen:
    """The sites that the site names by their stacks' files, or why one cannot be known; paths count from `folder`."""
    try:
        return tuple(_read(folder / Path(name).expanduser()) for name in site.neighbours)
    except Trouble as trouble:
        return Unseen(f"{trouble.subject}: {trouble.said}", trouble.remedy)


def _read(file: Path) -> Site:
    remedy = "name the file of the other site's stack, such as ../shop/Pulumi.prod.yaml, under neighbours"
    try:
        config: Any = yaml.safe_load(file.read_text("utf-8"))["config"]
        declared = {key: value for key, value in config.items() if str(key).endswith(f":{SITE}")}
        ((key, value),) = declared.items()
        return read_site(value, root=str(key))
    except FileNotFoundError:
        raise Missing(f"neighbour {file}", "the file is not there", remedy) from None
    except InvalidSite as invalid:
        said = "; ".join(f"{path}: {reason}" for path, reason in invalid.problems.items())
        raise Refused(f"neighbour {file}", said, "correct it there") from None
    except (OSError, yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError):
        raise Refused(f"neighbour {file}", "it declares no site", remedy) from None
