"""findmnt: the mount table or fstab, as JSON or as a table."""

import json
from dataclasses import dataclass

from lab.node import fstab
from lab.node.mounts import Mount
from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command

COLUMNS = ("TARGET", "SOURCE", "FSTYPE", "OPTIONS")
LONG = " ".join(
    """
    json fstab mountpoint= target= source= types= output= noheadings mtab kernel verify tab-file= evaluate
    first-only raw list pairs df notruncate verbose options= submounts canonicalize poll= direction= nofsroot
    bytes real
    """.split()
)
SAME = """
    json=J fstab=s mountpoint=M target=T source=S types=t output=o noheadings=n mtab=m kernel=k verify=x
    tab-file=F evaluate=e first-only=f raw=r list=l pairs=P df=D notruncate=u verbose=v options=O submounts=R
    bytes=b
    """


@dataclass(frozen=True)
class Row:
    """One filesystem to show."""

    target: str
    source: str
    fstype: str
    options: str
    mount: Mount | None = None

    def column(self, name: str) -> str:
        """The text of a column."""
        plain = {"TARGET": self.target, "SOURCE": self.source, "FSTYPE": self.fstype, "OPTIONS": self.options}
        if name in plain:
            return plain[name]
        if self.mount is None:
            return ""
        own, rest = self.options.partition(",")[0], self.options.partition(",")[2]
        return {
            "MAJ:MIN": self.mount.device,
            "ID": str(self.mount.id),
            "PARENT": str(self.mount.parent),
            "FSROOT": "/",
            "VFS-OPTIONS": own,
            "FS-OPTIONS": rest,
            "PROPAGATION": "shared",
        }.get(name, "")


@command("findmnt")
async def findmnt(proc: Process, argv: list[str]) -> int:
    """Show filesystems; 1 when none fits. Only --df, --verify and -T below a mount ask a server."""
    given = Options(argv, "JsM:T:S:t:o:nmkxF:efrlPDuvO:Rbipdcd:", LONG, same=SAME)
    if "x" in given:
        return await _verify(proc, given)
    if "s" in given or "F" in given:
        rows = await _from_fstab(proc, given.get("F") or "/etc/fstab")
    else:
        rows = [Row(m.target, m.source, m.fstype, ",".join(m.options), m) for m in proc.root.mounts]
    rows = await _chosen(proc, given, rows)
    if rows and "D" in given:
        for row in rows:
            await proc.reach(row.target)
    if not rows:
        return 1
    columns = given.get("o").upper().lstrip("+").split(",") if given.get("o") else list(COLUMNS)
    await proc.out(_shown(given, rows, [c for c in columns if c], proc))
    return 0


async def _from_fstab(proc: Process, path: str) -> list[Row]:
    try:
        entries, wrong = fstab.parse((await proc.read_file(path)).decode("utf-8", "surrogateescape"))
    except OSError as error:
        raise BadUsage(f"can't read {path}: {error.strerror}") from error
    for number in wrong:
        await proc.err(f"findmnt: {path}: parse error at line {number} -- ignored")
    return [Row(e.target, e.source, e.fstype, e.options) for e in entries]


async def _chosen(proc: Process, given: Options, rows: list[Row]) -> list[Row]:
    operands = list(given.operands)
    if "M" in given:
        wanted = _canonical(proc, given.get("M"))
        rows = [r for r in rows if r.target == wanted]
    if "T" in given:
        rows = await _containing(proc, given.get("T"), rows)
    if "S" in given:
        rows = [r for r in rows if r.source == given.get("S")]
    for name in operands:
        wanted = _canonical(proc, name) if name.startswith("/") or ":" not in name else name
        rows = [r for r in rows if wanted in (r.target, r.source) or r.source == name]
    if "t" in given:
        types = given.get("t").split(",")
        rows = [r for r in rows if r.fstype in types]
    if "O" in given:
        wanted_options = set(given.get("O").split(","))
        rows = [r for r in rows if wanted_options <= set(r.options.split(","))]
    if operands or given.any("M", "T", "f"):
        rows = rows[-1:] if "f" in given or not given.any("s", "F") else rows
    return rows


def _canonical(proc: Process, name: str) -> str:
    """The path without symlinks where that can be known without asking a silent server."""
    path = proc.path(name).rstrip("/") or "/"
    return path if proc.root.dead(path) else proc.root.canonical(path)


async def _containing(proc: Process, name: str, rows: list[Row]) -> list[Row]:
    path = proc.path(name)
    dead = proc.root.dead(path)
    if dead and path.rstrip("/") != dead.target:
        await proc.reach(path)
        if proc.root.dead(path):
            return []
    target = dead.target if dead else proc.root.mount_of(path).target
    return [r for r in rows if r.target == target]


def _shown(given: Options, rows: list[Row], columns: list[str], proc: Process) -> str:
    if "D" in given:
        columns = ["SOURCE", "FSTYPE", "SIZE", "USED", "AVAIL", "USE%", "TARGET"]
    table = [
        [
            _size(proc, r, c) if "D" in given and c not in ("SOURCE", "FSTYPE", "TARGET") else r.column(c)
            for c in columns
        ]
        for r in rows
    ]
    if "J" in given:
        found = [dict(zip([c.lower() for c in columns], line, strict=True)) for line in table]
        return json.dumps({"filesystems": found}, indent=3, ensure_ascii=False) + "\n"
    if "P" in given:
        return "".join(" ".join(f'{c}="{v}"' for c, v in zip(columns, line, strict=True)) + "\n" for line in table)
    lines = table if "n" in given else [columns, *table]
    if "r" in given:
        return "".join(" ".join(line) + "\n" for line in lines)
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    return "".join(" ".join(v.ljust(w) for v, w in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines)


def _size(proc: Process, row: Row, column: str) -> str:
    try:
        total, used, free = proc.root.usage(row.target)
    except (OSError, AssertionError):
        return ""
    numbers = {"SIZE": total, "USED": used, "AVAIL": free}
    return f"{used * 100 // max(total, 1)}%" if column == "USE%" else f"{numbers[column] / 2**30:.1f}G"


async def _verify(proc: Process, given: Options) -> int:
    """--verify: looks at sources, targets and types of fstab, never at options of NFS."""
    path = given.get("F") or "/etc/fstab"
    errors: list[str] = []
    warnings: list[str] = []
    text = (await proc.read_file(path)).decode("utf-8", "surrogateescape")
    entries, wrong = fstab.parse(text)
    wanted = [proc.path(o) for o in given.operands]
    for entry in entries:
        if wanted and entry.target not in wanted:
            continue
        if entry.fstype == "swap" or not entry.target.startswith("/"):
            continue
        await proc.reach(entry.target)
        if proc.root.dead(entry.target):
            errors.append(f"{entry.target}\n   [E] unreachable on boot required target: Input/output error")
        elif not proc.root.isdir(entry.target):
            errors.append(f"{entry.target}\n   [E] unreachable on boot required target: No such file or directory")
        elif entry.fstype not in KNOWN:
            warnings.append(f"{entry.target}\n   [W] {entry.fstype} seems unsupported by the current kernel")
    for number in wrong:
        await proc.err(f"findmnt: {path}: parse error at line {number} -- ignored")
    for text in errors + warnings:
        await proc.out(text + "\n")
    if not errors and not warnings and not wrong:
        await proc.out("Success, no errors or warnings detected\n")
        return 0
    await proc.out(f"\n{len(wrong)} parse errors, {len(errors)} errors, {len(warnings)} warnings\n")
    return 1 if errors or wrong else 0


KNOWN = {
    "ext4",
    "ext3",
    "xfs",
    "vfat",
    "nfs",
    "nfs4",
    "tmpfs",
    "proc",
    "sysfs",
    "swap",
    "auto",
    "none",
    "iso9660",
    "cifs",
    "zfs",
    "btrfs",
    "fuse",
    "bind",
}
