"""`python -m lab`: start a lab, say how to reach it, serve until SIGTERM."""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from lab.box import FIXTURES, Box, Ports


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    parser.add_argument(
        "--ready", type=Path, metavar="FILE", help="write how to reach the lab here once it serves (JSON)"
    )
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="keep the lab's files here (default: a temporary folder)"
    )
    parser.add_argument("--fixture", default="home", help="home, conformance, or a YAML file (default: home)")
    for name in ("api", "ssh", "control"):
        parser.add_argument(f"--port-{name}", type=int, default=0, metavar="N", help="default: a free one")
    parser.add_argument(
        "--patience",
        type=float,
        default=1.0,
        metavar="X",
        help="waits for a silent NAS last X times what they last in reality (default: 1)",
    )
    parser.add_argument("--login-delay", type=float, default=3.0, metavar="S", help="seconds a refused login takes")
    return parser.parse_args(arguments)


async def serve(chosen: argparse.Namespace, state: Path) -> None:
    """Start the box, write the ready file, and serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ports = Ports(chosen.port_api, chosen.port_ssh, chosen.port_control)
    box = Box(state, fixture=chosen.fixture, ports=ports, patience=chosen.patience, delay=chosen.login_delay)
    await box.start()
    ready = json.dumps(box.ready(), indent=1)
    if chosen.ready:
        _write_at_once(chosen.ready, ready + "\n")
    sys.stdout.write(f"{ready}\n")
    sys.stdout.flush()
    await stop.wait()
    await box.stop()


def _write_at_once(path: Path, text: str) -> None:
    """Write the file so that whoever waits for it never sees half of it."""
    beside = path.with_name(path.name + ".part")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)


def main() -> int:
    """Run a lab; the exit code."""
    chosen = options()
    if not (FIXTURES / f"{chosen.fixture}.yaml").exists() and not Path(chosen.fixture).exists():
        sys.stderr.write(f"lab: fixture '{chosen.fixture}' does not exist; take home, conformance or a YAML file\n")
        return 2
    state = chosen.state or Path(tempfile.mkdtemp(prefix="lab-"))
    try:
        asyncio.run(serve(chosen, state))
    except OSError as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1
    finally:
        if not chosen.state:
            shutil.rmtree(state, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
