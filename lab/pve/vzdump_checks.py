"""What vzdump refuses before it begins, and which guests its selection means (PVE::VZDump, PVE::API2::Backup)."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lab.pve import guests
from lab.pve.errors import BadParameters, Died
from lab.pve.formats import split_list

if TYPE_CHECKING:
    from lab.pve.api import Api

ROOT_ONLY = ("tmpdir", "dumpdir", "script", "job-id")
"""Options that only root@pam itself may set, in the order in which they are refused."""
VARIABLES = ("cluster", "guestname", "node", "vmid")
_NOTE = re.compile(r"\{\{(.*?)\}\}|(\n)|\\(.)", re.DOTALL)


def check_selection(params: Mapping[str, Any], *, complete: bool = True) -> None:
    """Raise BadParameters for options that exclude each other; with `complete` also where no guest is named at all."""
    if params.get("vmid"):
        for key in ("all", "exclude", "pool"):
            if params.get(key):
                raise BadParameters({key: "option conflicts with option 'vmid'"})
    if params.get("prune-backups") is not None and params.get("maxfiles") is not None:
        raise BadParameters({"prune-backups": "option conflicts with option 'maxfiles'"})
    if fault := template_fault(str(params.get("notes-template") or "")):
        raise BadParameters({"notes-template": fault})
    if complete and not any(params.get(key) for key in ("all", "stop", "pool", "vmid", "exclude")):
        raise BadParameters({"vmid": "property is missing"})


def template_fault(template: str) -> str:
    """What is wrong with a template for notes, empty where nothing is."""
    wrong = []
    for match in _NOTE.finditer(template):
        if match[2]:
            return "contains a line feed\n"
        if match[1] is not None and match[1] not in VARIABLES:
            wrong.append(f"variable '{match[1]}' at char {match.start() + 4}")
        elif match[3] is not None and match[3] not in "n\\":
            wrong.append(f"escape sequence '\\{match[3]}' at char {match.start() + 2}")
    return f"found unknown: {', '.join(wrong)}\n" if wrong else ""


def selected(api: "Api", params: Mapping[str, Any]) -> list[int]:
    """The VMIDs that a selection means, guests that do not exist included where they are named; raises Died."""
    if pool := params.get("pool"):
        found = api.access.config.pools.get(str(pool))
        if found is None:
            raise Died(f"pool '{pool}' does not exist")
        return sorted(int(vmid) for vmid in found.guests)
    if params.get("vmid"):
        return sorted({int(vmid) for vmid in split_list(str(params["vmid"]))})
    if params.get("all") or params.get("exclude"):
        left_out = {int(vmid) for vmid in split_list(str(params.get("exclude") or ""))}
        return [guest.vmid for guest in guests.every(api) if guest.vmid not in left_out]
    return []
