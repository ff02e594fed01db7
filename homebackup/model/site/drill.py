"""Where a site's archives may be restored to for a drill: VMIDs that nothing else uses, and a storage."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, InstanceOf, PlainSerializer

from homebackup.model.kinds import StorageId
from homebackup.model.site.parts import Part


def _vmids(text: Any) -> Any:
    found = re.fullmatch(r"(\d{3,9})\s*-\s*(\d{3,9})", str(text))
    if not found or not 100 <= int(found[1]) <= int(found[2]):
        raise ValueError(f"{text!r} is no range of VMIDs such as 9900-9999")
    return range(int(found[1]), int(found[2]) + 1)


Vmids = Annotated[InstanceOf[range], BeforeValidator(_vmids), PlainSerializer(lambda vmids: f"{vmids[0]}-{vmids[-1]}")]
"""Guests' numbers that follow each other."""


class Drill(Part):
    """Spare guests, which live only while a drill lasts."""

    vmids: Vmids
    """VMIDs that are reserved for drills, as `9900-9999`; those in use are passed over."""
    storage: StorageId | None = None
    """For their disks; each goes to its own storage unless given."""
