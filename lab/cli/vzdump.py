"""vzdump: backups from the command line of the node."""

from typing import TYPE_CHECKING, Any

from lab.cli.failing import FAILED
from lab.cli.shell import Shell, fine
from lab.cli.verbs import Program, Verb, run
from lab.node.registry import command
from lab.pve.tasks import Task

if TYPE_CHECKING:
    from lab.node.process import Process


async def backup(shell: Shell, values: dict[str, Any]) -> int:
    """Make the backups; on another node's name there is nothing to do."""
    if values.get("node") not in (None, shell.node, "localhost"):
        return 0
    node = values.pop("node", "localhost")  # a name that does not show in the job's command line
    task = shell.task(await shell.call("POST", f"/nodes/{node}/vzdump", values))
    if task is None:
        return 0
    if values.get("quiet"):
        await task.wait()
        await shell.proc.stdout.write(taken(shell, task))
        return 0 if fine(task.status or "") else FAILED
    status = await (to_stdout(shell, task) if values.get("stdout") else shell.follow(task))
    if fine(status):
        return 0
    await shell.complain(status)
    return FAILED


def taken(shell: Shell, task: Task) -> bytes:
    """The archive that a job made for standard output, empty where it made none."""
    archive: bytes = shell.api.state.get("archives", {}).pop(task.upid, b"")
    return archive


async def to_stdout(shell: Shell, task: Task) -> str:
    """The archive on standard output and the log on standard error; returns the task's exit status."""
    await task.wait()
    for line in task.lines[:-1]:
        await shell.complain(line)
    await shell.proc.stdout.write(taken(shell, task))
    return task.status or ""


NODE = {"node": {"type": "string", "format": "pve-node", "optional": 1}}
PROGRAM: Program = {"": Verb("POST /nodes/{node}/vzdump", action=backup, extra=NODE)}


@command("vzdump")
async def vzdump(proc: "Process", argv: list[str]) -> int:
    """Back guests up."""
    return await run(proc, "vzdump", PROGRAM, argv[1:])
