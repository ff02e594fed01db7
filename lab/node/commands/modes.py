"""chmod, chown, chattr, ACLs: attributes that the node records."""

import errno
import re

from lab.node import trees
from lab.node.options import BadUsage, Options
from lab.node.process import Process
from lab.node.registry import command

USERS = {"root": 0, "www-data": 33, "backup": 34, "nobody": 65534}
GROUPS = {"root": 0, "www-data": 33, "backup": 34, "shadow": 42, "nogroup": 65534}
BITS = {"r": 4, "w": 2, "x": 1}


def new_mode(old: int, text: str, *, directory: bool) -> int:
    """Permission bits after `chmod text`; raises BadUsage."""
    if re.fullmatch("[0-7]{1,5}", text):
        return int(text, 8) & 0o7777
    for clause in text.split(","):
        match = re.fullmatch(r"([ugoa]*)([-+=])([rwxXst]*)", clause)
        if match is None:
            raise BadUsage(f"invalid mode: '{text}'")
        who = match[1].replace("a", "ugo") or "ugo"
        bits = 0
        for shift, name in ((6, "u"), (3, "g"), (0, "o")):
            if name in who:
                for letter in match[3]:
                    if letter == "X":
                        bits |= (1 if directory or old & 0o111 else 0) << shift
                    elif letter in BITS:
                        bits |= BITS[letter] << shift
        bits |= (0o4000 if "u" in who else 0) | (0o2000 if "g" in who else 0) if "s" in match[3] else 0
        bits |= 0o1000 if "t" in match[3] else 0
        mask = sum(7 << shift for shift, name in ((6, "u"), (3, "g"), (0, "o")) if name in who)
        old = old | bits if match[2] == "+" else old & ~bits if match[2] == "-" else old & ~mask | bits
    return old & 0o7777


def owner(proc: Process, text: str) -> tuple[int, int]:
    """(uid, gid) of `user:group`, -1 for a part not given; raises BadUsage."""
    user, _, group = text.partition(":")
    found = []
    for name, known, kind in ((user, USERS, "user"), (group, GROUPS, "group")):
        if name and not name.isdigit() and name not in known:
            raise BadUsage(f"invalid {kind}: '{text}'")
        found.append(-1 if not name else int(name) if name.isdigit() else known[name])
    return found[0], found[1]


def _below(proc: Process, name: str, recursive: bool) -> list[str]:
    path = proc.path(name)
    return [p for p, _ in trees.walk(proc.root, path)] if recursive else [path]


@command("chmod")
async def chmod(proc: Process, argv: list[str]) -> int:
    """Change permission bits: octal or symbolic, -R, --reference."""
    words = ["--minus" + w if re.fullmatch(r"-[rwxXst]+", w) else w for w in argv]
    argv = [w.removeprefix("--minus") if i != 1 else w.replace("--minus", "a", 1) for i, w in enumerate(words)]
    given = Options(argv, "Rvcf", "recursive reference=", same="recursive=R")
    operands, code = list(given.operands), 0
    text = (
        f"{proc.root.stat(proc.path(given.get('reference'))).st_mode & 0o7777:o}"
        if "reference" in given
        else operands.pop(0)
        if operands
        else ""
    )
    if not operands:
        raise BadUsage("missing operand")
    for name in operands:
        try:
            await proc.reach(name)
            for path in _below(proc, name, "R" in given):
                found = proc.root.stat(path)
                proc.root.chmod(path, new_mode(found.st_mode & 0o7777, text, directory=proc.root.isdir(path)))
        except OSError as error:
            missing = error.errno == errno.ENOENT
            code = await proc.fail(f"cannot access '{name}'" if missing else f"changing permissions of '{name}'", error)
    return code


@command("chown", "chgrp")
async def chown(proc: Process, argv: list[str]) -> int:
    """Change owner and group: names or numbers, -R, --reference."""
    given = Options(argv, "Rvcfh", "recursive reference= no-dereference", same="recursive=R no-dereference=h")
    operands, code = list(given.operands), 0
    if "reference" in given:
        found = proc.root.stat(proc.path(given.get("reference")))
        ids = (found.st_uid, found.st_gid)
    else:
        text = operands.pop(0) if operands else ""
        ids = owner(proc, text if argv[0] == "chown" else f":{text}")
    if not operands:
        raise BadUsage("missing operand")
    for name in operands:
        try:
            await proc.reach(name)
            for path in _below(proc, name, "R" in given):
                proc.root.chown(path, *ids, follow="h" not in given)
        except OSError as error:
            missing = error.errno == errno.ENOENT
            code = await proc.fail(f"cannot access '{name}'" if missing else f"changing ownership of '{name}'", error)
    return code


@command("chattr")
async def chattr(proc: Process, argv: list[str]) -> int:
    """Set (+i) or clear (-i) the immutable flag; not over NFS."""
    operands = [w for w in argv[1:] if w != "-R" and w != "-f"]
    if len(operands) < 2 or not re.fullmatch(r"[-+=][A-Za-z]+", operands[0]):
        raise BadUsage("Usage: chattr [-RVf] [-+=aAcCdDeijPsStTuFx] files...")
    code = 0
    for name in operands[1:]:
        path = proc.path(name)
        try:
            await proc.reach(path)
            proc.root.stat(path)
            if proc.root.mount_of(path).fstype not in ("ext4", "xfs", "btrfs"):
                raise OSError(errno.EOPNOTSUPP, "Operation not supported", name)
            if "i" in operands[0]:
                proc.root.inodes.of(proc.root.resolve(path)).immutable = operands[0][0] != "-"
        except OSError as error:
            what = "Operation not supported while reading flags on" if error.errno == errno.EOPNOTSUPP else None
            await proc.err(
                f"chattr: {what} {name}" if what else f"chattr: {error.strerror} while trying to stat {name}"
            )
            code = 1
    return code


@command("lsattr")
async def lsattr(proc: Process, argv: list[str]) -> int:
    """Show flags: -d for the directory itself; not over NFS."""
    given = Options(argv, "daRlv")
    code = 0
    for name in given.operands or ["."]:
        path = proc.path(name)
        try:
            await proc.reach(path)
            listed = proc.root.isdir(path) and "d" not in given
            for entry in [f"{name.rstrip('/')}/{n}" for n in proc.root.listdir(path)] if listed else [name]:
                if proc.root.mount_of(proc.path(entry)).fstype not in ("ext4", "xfs", "btrfs"):
                    raise OSError(errno.EOPNOTSUPP, "Operation not supported", entry)
                flag = proc.root.inodes.of(proc.root.resolve(proc.path(entry), follow=False)).immutable
                await proc.out(f"----{'i' if flag else '-'}---------e------- {entry}\n")
        except OSError as error:
            unsupported = error.errno == errno.EOPNOTSUPP
            await proc.err(
                f"lsattr: {error.strerror} while {'reading flags on' if unsupported else 'trying to stat'} {name}"
            )
            code = 1
    return code


@command("getfacl")
async def getfacl(proc: Process, argv: list[str]) -> int:
    """Show owner, permissions and recorded ACL entries: -p, -c, -n."""
    given = Options(argv, "pcnE", "absolute-names omit-header numeric", same="absolute-names=p omit-header=c")
    for name in given.operands:
        try:
            await proc.reach(name)
            found = proc.root.stat(proc.path(name))
        except OSError as error:
            return await proc.fail(name, error)
        users, groups = {v: k for k, v in USERS.items()}, {v: k for k, v in GROUPS.items()}
        if "c" not in given:
            shown = name if "p" in given else name.lstrip("/")
            await proc.out(
                f"# file: {shown}\n# owner: {users.get(found.st_uid, found.st_uid)}\n"
                f"# group: {groups.get(found.st_gid, found.st_gid)}\n"
            )
        rights = ["".join(c if found.st_mode >> shift & bit else "-" for c, bit in BITS.items()) for shift in (6, 3, 0)]
        extra = proc.root.inodes.of(proc.root.resolve(proc.path(name))).acl
        lines = [
            f"user::{rights[0]}",
            *[e for e in extra if e.startswith("user:")],
            f"group::{rights[1]}",
            *[e for e in extra if not e.startswith("user:")],
            f"other::{rights[2]}",
        ]
        await proc.out("\n".join(lines) + "\n\n")
    return 0


@command("setfacl")
async def setfacl(proc: Process, argv: list[str]) -> int:
    """Record ACL entries: -m ENTRIES, -x ENTRIES, -b, --set-file=-, --restore=-."""
    given = Options(
        argv, "m:x:bkR", "modify= remove= remove-all set-file= restore=", same="modify=m remove=x remove-all=b"
    )
    entries = given.get("m").split(",")
    operands = given.operands
    if "set-file" in given or "restore" in given:
        text = (await proc.read_file(given.get("set-file") or given.get("restore"))).decode()
        entries = [line for line in text.splitlines() if line and not line.startswith("#")]
        operands = operands or [
            line.removeprefix("# file: ") for line in text.splitlines() if line.startswith("# file: ")
        ]
    for name in operands:
        try:
            await proc.reach(name)
            record = proc.root.change(proc.path(name))
        except OSError as error:
            return await proc.fail(name, error)
        if given.any("b", "set-file", "restore"):
            record.acl = []
        for entry in filter(None, entries):
            key, _, value = entry.rpartition(":")
            key = (
                key.replace("u:", "user:", 1)
                if key.startswith("u:")
                else key.replace("g:", "group:", 1)
                if key.startswith("g:")
                else key
            )
            if key.endswith(":") or key in ("u", "g", "o"):
                continue
            record.acl = sorted(
                {e for e in record.acl if not e.startswith(key + ":")} | {f"{key}:{value.ljust(3, '-')}"}
            )
        for entry in filter(None, given.get("x").split(",")):
            record.acl = [e for e in record.acl if not e.startswith(entry)]
    return 0
