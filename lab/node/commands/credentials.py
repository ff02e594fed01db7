"""setpriv and unshare: commands with the rights of somebody else, or with mounts of their own."""

from lab.node.credentials import NAMESPACE, UID
from lab.node.options import Options
from lab.node.process import Process
from lab.node.registry import command


@command("setpriv")
async def setpriv(proc: Process, argv: list[str]) -> int:
    """Run a command as another user: --reuid UID; groups make no difference here."""
    given = Options(argv, "", "reuid= regid= ruid= euid= clear-groups keep-groups no-new-privs", stop=True, code=127)
    if uid := given.get("reuid"):
        UID.set(int(uid))
    return await proc.run(given.operands)


@command("unshare")
async def unshare(proc: Process, argv: list[str]) -> int:
    """Run a command in a mount namespace of its own (-m), whose mounts end with it; no other is in the lab."""
    given = Options(argv, "mnpuiUr", "mount propagation=", same="mount=m", stop=True)
    if any(name not in ("m", "propagation") for name, _ in given.order):
        return await proc.fail("not in the lab", "Operation not permitted")
    table = proc.root.table.apart()
    NAMESPACE.set(table)
    try:
        return await proc.run(given.operands or ["sh"])
    finally:
        table.end()


@command("nsenter", "chroot")
async def not_here(proc: Process, argv: list[str]) -> int:
    """No other root and no foreign namespace is in the lab."""
    return await proc.fail("not in the lab", "Operation not permitted")
