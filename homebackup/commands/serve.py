"""`homebackup serve`: the report, metrics, status and calendar over HTTP, from what a background task saw last."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from homebackup.commands.ending import WELL, run
from homebackup.commands.options import HERE, Folder, Stack
from homebackup.commands.printing import say
from homebackup.commands.status import seen
from homebackup.commands.watching import Watch
from homebackup.world import local_files
from homebackup.world.errors import Missing
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.serving import guarded, serving
from homebackup.world.stack import Stack as Declared

VARIABLE = "HOMEBACKUP_TOKEN"

Host = Annotated[str, typer.Option("--host", help="Address to serve at; any but this machine's own needs a token.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to serve at; 0 takes a free one.")]
Every = Annotated[int, typer.Option("--every", min=10, help="Seconds from one look at the site to the next.")]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", help=f"File whose text every request has to know; or put it into {VARIABLE}."),
]


def verb(
    stack: Stack = None,
    cwd: Folder = HERE,
    host: Host = "127.0.0.1",
    port: Port = 9797,
    every: Every = 300,
    token_file: TokenFile = None,
) -> None:
    """Serve the report at /, and /metrics, /status.json and /calendar.ics, until it is stopped."""
    run(_serve(PulumiCli(cwd, stack), host, port, every, token_file and token_file.absolute()))


async def _serve(pulumi: PulumiCli, host: str, port: int, every: int, token_file: Path | None) -> int:
    token = guarded(host, await _token(token_file))
    await Declared.of(pulumi)  # what is not declared would fail every look
    watch = Watch(lambda: seen(pulumi, quietly=True), lambda trouble: say(trouble, err=True))
    async with serving(watch.routes, host, port, token) as address, _in_background(watch, every):
        say(f"serving {address}, a look at the site every {every} s")
        await _stopped()
    return WELL


async def _token(file: Path | None) -> SecretStr | None:
    """The token of the file, else of the environment, None without either; raises Missing for a file without one."""
    if file is None:
        told = os.environ.get(VARIABLE, "").strip()
        return SecretStr(told) if told else None
    content = (await local_files.read(file) or b"").decode("utf-8", "replace").strip()
    if not content:
        raise Missing(str(file), "there is no token in it", "write one into it: openssl rand -hex 24")
    return SecretStr(content)


@contextlib.asynccontextmanager
async def _in_background(watch: Watch, every: int) -> AsyncIterator[None]:
    """The looking, which ends with the block."""
    task = asyncio.create_task(watch.keep(every))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _stopped() -> None:
    """Wait until the process is asked to end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
