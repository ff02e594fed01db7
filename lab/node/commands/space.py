"""df and du: how full filesystems and directories are."""

import stat

from lab.node import trees
from lab.node.commands.listing import human
from lab.node.mounts import Mount
from lab.node.options import Options
from lab.node.process import Process
from lab.node.registry import command


def _amount(given: Options, size: int) -> str:
    if given.any("h", "H"):
        return human(size)
    block = {"B1": 1, "1": 1}.get(given.get("B")) or (2**20 if given.any("m") or given.get("B") == "M" else 1024)
    return str(-(-size // block))


@command("df")
async def df(proc: Process, argv: list[str]) -> int:
    """Space of filesystems: -h, -k, -m, -B1, -P, -T, -t TYPE, -l, --output=…; a silent server is waited for."""
    given = Options(
        argv,
        "hHkmB:PTt:lia",
        "human-readable portability print-type type= local output= block-size= all",
        same="human-readable=h portability=P print-type=T type=t local=l block-size=B",
    )
    code = 0
    chosen: list[Mount] = []
    for name in given.operands:
        try:
            await proc.reach(name)
            proc.root.stat(proc.path(name))
            chosen.append(proc.root.mount_of(proc.path(name)))
        except OSError as error:
            code = await proc.fail(name, error)
    if not given.operands:
        for mount in proc.root.mounts:
            if (
                mount.folder is None
                or (given.get("t") and mount.fstype != given.get("t"))
                or ("l" in given and mount.nfs)
            ):
                continue
            if proc.root.dead(mount.target):
                await proc.reach(mount.target)
            if proc.root.dead(mount.target):
                code = await proc.fail(mount.target, "Input/output error")
            else:
                chosen.append(mount)
    if not chosen:
        return code or 1
    rows = [_row(proc, given, mount) for mount in chosen]
    columns = (
        given.get("output").split(",")
        if given.get("output")
        else ["source", *(["fstype"] if "T" in given else []), "size", "used", "avail", "pcent", "target"]
    )
    heads = {
        "source": "Filesystem",
        "fstype": "Type",
        "size": "Size" if "h" in given else "1K-blocks",
        "used": "Used",
        "avail": "Avail" if given.any("h", "output") else "Available",
        "pcent": "Use%",
        "target": "Mounted on",
    }
    table = [[heads.get(c, c) for c in columns], *([row[c] for c in columns] for row in rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(columns))]
    for line in table:
        cells = [
            v.ljust(w) if c in ("source", "target", "fstype") else v.rjust(w)
            for v, w, c in zip(line, widths, columns, strict=True)
        ]
        await proc.out(" ".join(cells).rstrip() + "\n")
    return code


def _row(proc: Process, given: Options, mount: Mount) -> dict[str, str]:
    total, used, free = proc.root.usage(mount.target)
    return {
        "source": mount.source,
        "fstype": mount.fstype,
        "size": _amount(given, total),
        "used": _amount(given, used),
        "avail": _amount(given, free),
        "pcent": f"{-(-used * 100 // max(1, used + free))}%",
        "target": mount.target,
    }


@command("du")
async def du(proc: Process, argv: list[str]) -> int:
    """Space of directories: -s, -h, -b, -k, -m, -a, -c, -x."""
    given = Options(
        argv,
        "shbkmacxd:B:",
        "summarize human-readable bytes total one-file-system max-depth= apparent-size all",
        same="summarize=s human-readable=h bytes=b total=c max-depth=d",
    )
    code = total = 0
    for name in given.operands or ["."]:
        try:
            await proc.reach(name)
            found = list(trees.walk(proc.root, proc.path(name)))
        except OSError as error:
            code = await proc.fail(f"cannot access '{name}'", error)
            continue
        sizes = {path: s.st_size if given.any("b", "apparent-size") else s.st_blocks * 512 for path, s in found}
        folders = [p for p, s in found if stat.S_ISDIR(s.st_mode) or "a" in given]
        shown = [found[0][0]] if "s" in given else list(reversed(folders))
        for path in shown or [found[0][0]]:
            size = sum(n for p, n in sizes.items() if p == path or p.startswith(path.rstrip("/") + "/"))
            label = name + path[len(proc.path(name)) :]
            await proc.out(f"{size if 'b' in given else _amount(given, size)}\t{label}\n")
        total += sum(sizes.values())
    if "c" in given:
        await proc.out(f"{total if 'b' in given else _amount(given, total)}\ttotal\n")
    return code
