"""GET /nodes/NODE/vzdump/defaults: the schema's defaults, /etc/vzdump.conf over them, the storage's own over both."""

import re
from typing import Any

from lab.pve import formats
from lab.pve.activation import folder_of
from lab.pve.call import Call
from lab.pve.errors import Died
from lab.pve.files import VZDUMP
from lab.pve.formats import split_list
from lab.pve.routes import CALLS, FORMATS, route
from lab.pve.schema import Errors, Schema, truth
from lab.pve.storagecfg import Storages
from pverules import property_string

LINE = re.compile(r"([a-z][a-z0-9_-]*):\s*(.*?)\s*")
OPTIONS = Schema(
    {
        key: data
        for key, data in CALLS["POST /nodes/{node}/vzdump"]["parameters"].items()
        if key not in ("vmid", "stdout")
    }
)
NESTED = {"performance": "backup-performance", "fleecing": "backup-fleecing"}
OPERATORS_OWN = ("mailto", "tmpdir", "dumpdir", "script", "ionice")


def settings(text: str) -> dict[str, Any]:
    """The options in the text of vzdump.conf, typed; lines that say nothing valid are passed over."""
    found: dict[str, Any] = {}
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        option = OPTIONS.properties.get(match[1]) if match else None
        if match is None or option is None or line.startswith("#"):
            continue
        errors: Errors = {}
        spelled = truth(match[2]) if option.type == "boolean" else match[2]
        value = option.check(option.coerce(spelled), match[1], errors)
        if not errors:
            found[match[1]] = value
    return found


def built_in() -> dict[str, Any]:
    """The defaults of the schema."""
    found = {key: option.default for key, option in OPTIONS.properties.items() if option.default is not None}
    for key, name in NESTED.items():
        found[key] = {sub: data["default"] for sub, data in FORMATS[name].items() if "default" in data}
    return found


def effective(text: str) -> dict[str, Any]:
    """Built-in defaults with the settings of a vzdump.conf over them."""
    found, own = built_in(), settings(text)
    for key, name in NESTED.items():
        if key in own:
            own[key] = found[key] | formats.split(name, own[key], key)
    files = own.pop("maxfiles", None)
    if files is not None and "prune-backups" not in own:
        own["prune-backups"] = f"keep-last={files}" if files else "keep-all=1"
    found |= own
    if "storage" in found:
        found.pop("dumpdir", None)
    return found


@route("GET", "/nodes/{node}/vzdump/defaults")
async def defaults(call: Call) -> dict[str, Any]:
    """The options a backup has when it says nothing; some only for those who may audit the node."""
    found = effective(call.files.text(VZDUMP))
    if call.get("storage"):
        found["storage"] = call.text("storage")
    elif "dumpdir" not in found:
        found.setdefault("storage", "local")
    if "storage" in found:
        storage = Storages(call.files).need(found["storage"])
        if "backup" not in split_list(storage.get("content", "")):
            raise Died(f"can't use storage '{storage.id}' for backups - wrong content type")
        found["dumpdir"] = folder_of(storage, "backup")
        found["prune-backups"] = storage.get("prune-backups", found.get("prune-backups"))
    if found.get("prune-backups"):
        found["prune-backups"] = property_string.render(formats.split("prune-backups", found["prune-backups"]))
    if isinstance(found.get("exclude-path"), list):
        found["exclude-path"] = ",".join(found["exclude-path"])
    if not call.may(f"/nodes/{call.text('node')}", "Sys.Audit"):
        for key in OPERATORS_OWN:
            found.pop(key, None)
    if "pool" in found and not call.may(f"/pool/{found['pool']}", "Pool.Allocate"):
        del found["pool"]
    return found
