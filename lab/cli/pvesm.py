"""pvesm: storages and what is in them, from the command line of the node."""

from typing import TYPE_CHECKING, Any

from lab.cli.failing import CommandFailed
from lab.cli.shell import Shell
from lab.cli.verbs import Program, Verb, run
from lab.node.registry import command
from lab.pve.activation import activate
from lab.pve.errors import ApiError
from lab.pve.routes import FORMATS
from lab.pve.volumes import volume_of

if TYPE_CHECKING:
    from lab.node.process import Process

CONTENT = "/nodes/{node}/storage/{storage}/content"
STORAGE = {"type": "string", "format": "pve-storage-id"}
VOLUME: dict[str, Any] = {"type": "string"}
KEEP: dict[str, dict[str, Any]] = {name: {**data, "optional": 1} for name, data in FORMATS["prune-backups"].items()}
PREVIEW = """NOTE: this is only a preview and might not be what a subsequent
prune call does if backups are removed/added in the meantime.

"""


async def status(shell: Shell, data: Any, values: dict[str, Any]) -> None:
    """The storages with their sizes in KiB; why one cannot be used goes to standard error."""
    rows = sorted(data, key=lambda row: str(row["storage"]))
    for row in rows:
        if row.get("enabled") and not row.get("active"):
            try:
                activate(shell.api, row["storage"])
            except (ApiError, OSError) as error:
                await shell.complain(getattr(error, "text", str(error)))
    width = max([len(row["storage"]) for row in rows], default=0) + 1
    lines = [("Name", "Type", "Status", "Total", "Used", "Available", "%")]
    for row in rows:
        total, used, free = (int(row.get(key) or 0) // 1024 for key in ("total", "used", "avail"))
        share = f"{used * 100 / total if total else 0:.2f}%" if row.get("enabled") else "N/A"
        state = "disabled" if not row.get("enabled") else "active" if row.get("active") else "inactive"
        lines.append((row["storage"], row["type"], state, str(total), str(used), str(free), share))
    for name, *words, size, used_size, free_size, percent in lines:
        front = f"{name:<{width}} {words[0]:>10} {words[1]:>10}"
        await shell.say(f"{front} {size:>15} {used_size:>15} {free_size:>15} {percent:>8}\n")


async def listing(shell: Shell, data: Any, values: dict[str, Any]) -> None:
    """The volumes of a storage with their sizes in bytes."""
    width = max([len(row["volid"]) for row in data], default=5)
    digits = max([4, *(len(str(row["size"])) for row in data)]) + 1
    await shell.say(f"{'Volid':<{width}} {'Format':<7} {'Type':<8} {'Size':>{digits}} VMID\n")
    for row in data:
        front = f"{row['volid']:<{width}} {row['format']:<7} {row['content']:<8}"
        await shell.say(f"{front} {row['size']:>{digits}} {row.get('vmid', '')}".rstrip() + "\n")


async def text(shell: Shell, data: Any, values: dict[str, Any]) -> None:
    """A text as it is."""
    await shell.say(str(data))


async def path(shell: Shell, values: dict[str, Any]) -> int:
    """Where a volume lies, whether it is there or not."""
    try:
        await shell.say(volume_of(shell.api, values["volume"]).path + "\n")
    except ApiError as error:
        raise CommandFailed(error.text) from None
    return 0


async def free(shell: Shell, values: dict[str, Any]) -> int:
    """Remove a volume; that it could not be removed shows only in the text."""
    name, colon, _ = values["volume"].partition(":")
    storage = values.get("storage") or (name if colon else "")
    where = f"/nodes/{shell.node}/storage/{storage}/content/{values['volume']}"
    return await shell.finish(await shell.call("DELETE", where), strict=False)


async def prune(shell: Shell, values: dict[str, Any]) -> int:
    """Prune a storage, or say what a prune would do."""
    keep = ",".join(f"{key}={values[key]}" for key in KEEP if key in values)
    sent = {key: values[key] for key in ("vmid", "type") if key in values} | ({"prune-backups": keep} if keep else {})
    where = f"/nodes/{shell.node}/storage/{values['storage']}/prunebackups"
    if not values.get("dry-run"):
        return await shell.finish(await shell.call("DELETE", where, sent), strict=False)
    rows = await shell.call("GET", where, sent)
    if not rows:
        await shell.say("No backups found\n")
        return 0
    rows = sorted(rows, key=lambda row: (str(row.get("vmid", "")), row["ctime"]))
    width = max(len(row["volid"]) for row in rows) + 1
    await shell.say(PREVIEW + f"{'Backup':<{width}} {'Backup-ID':>15} {'Prune-Mark':>10}\n")
    for row in rows:
        owner = f"{row['type']}/{row['vmid']}" if row.get("vmid") else row["type"]
        await shell.say(f"{row['volid']:<{width}} {owner:>15} {row['mark']:>10}\n")
    return 0


async def scan_nfs(shell: Shell, values: dict[str, Any]) -> int:
    """The exports of a server: of the NAS, as nobody else answers in the lab."""
    nas = shell.api.nas
    if values["server"] != nas.address or not nas.on:
        raise CommandFailed(
            "clnt_create: RPC: Unable to receive\ncommand '/sbin/showmount --no-headers --exports "
            f"{values['server']}' failed: exit code 1",
            1,
        )
    for export in sorted(nas.exports):
        if clients := nas.clients(export):
            await shell.say(f"{export:<20} {','.join(clients)}\n")
    return 0


SERVER = {"server": {"type": "string", "format": "pve-storage-server"}}
PROGRAM: Program = {
    "add": Verb("POST /storage"),
    "set": Verb("PUT /storage/{storage}"),
    "remove": Verb("DELETE /storage/{storage}"),
    "status": Verb("GET /nodes/{node}/storage", show=status),
    "list": Verb(f"GET {CONTENT}", show=listing),
    "extractconfig": Verb("GET /nodes/{node}/vzdump/extractconfig", show=text),
    "path": Verb(action=path, parameters={"volume": {"type": "string", "format": "pve-volume-id"}}),
    "free": Verb(action=free, parameters={"volume": VOLUME, "storage": {**STORAGE, "optional": 1}}),
    "prune-backups": Verb(
        action=prune,
        parameters=KEEP
        | {
            "storage": STORAGE,
            "dry-run": {"type": "boolean", "optional": 1},
            "type": {"type": "string", "enum": ["qemu", "lxc"], "optional": 1},
            "vmid": {"type": "integer", "format": "pve-vmid", "optional": 1},
        },
    ),
    "scan nfs": Verb(action=scan_nfs, parameters=SERVER),
}
OLD_NAMES = {"nfsscan": ["scan", "nfs"]}


@command("pvesm")
async def pvesm(proc: "Process", argv: list[str]) -> int:
    """Manage storages."""
    args = argv[1:]
    return await run(proc, "pvesm", PROGRAM, OLD_NAMES.get(args[0] if args else "", args[:1]) + args[1:])
