"""Every secret of a whole life of a stack, looked for wherever something is kept, shown or listed: none is found."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.pulumi.cli import Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

WRONG = "5e8d7a10-wrong-wrong-wrong-7f0a1c2d3e4f"


@contextmanager
def processes() -> Iterator[set[str]]:
    """The command line of every process that runs meanwhile."""
    seen: set[str] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(file.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
                except OSError:
                    continue  # it has just ended

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def files(folder: Path) -> dict[str, str]:
    """The text of every file below a folder, links not followed."""
    return {
        str(path): path.read_bytes().decode("utf-8", "replace")
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not any(part.is_symlink() for part in path.parents)
    }


@pytest.mark.parametrize("login", ["password", "token"])
def test_no_secret_is_kept_shown_or_listed(stack: Stack, lab: Lab, login: str) -> None:
    token, password = lab.api["token"], lab.api["password"]
    secret = {"password": password, "token": token}[login]
    secrets = {password, token.partition("=")[2], WRONG, stack.environment["PULUMI_CONFIG_PASSPHRASE"]}
    stack("config", "set", "homebackup:api", "https")
    said: list[str] = []

    def verb(name: str) -> None:
        command = [sys.executable, "-m", "homebackup.commands", name, "--stack", stack.name]
        done = subprocess.run(
            command, cwd=stack.project, env=stack.environment, capture_output=True, text=True, check=False, timeout=180
        )
        said.append(done.stdout + done.stderr)

    wrong = WRONG if login == "password" else f"{token.partition('=')[0]}={WRONG}"
    with processes() as seen:
        for given in (wrong, secret):
            stack("config", "set", "--secret", f"homebackup:{login}", stdin=given)
            ran = stack("preview", "--diff", exits=None)
            said += [ran.stdout, ran.stderr]
        assert "did not accept" in said[0] + said[1] or "authentication" in said[0] + said[1], said
        lab.control("/faults", {"on": "api", "method": "POST", "path": "/storage", "when": "after", "effect": "half"})
        for arguments in (
            ("up", "--yes", "--logtostderr", "-v=3"), ("up", "--yes"), ("refresh", "--yes"), ("preview", "--json"),
            ("stack", "export"), ("config",), ("config", "--json"), ("stack", "output", "--json"),
        ):  # fmt: skip
            ran = stack(*arguments, exits=None)
            said += [ran.stdout, ran.stderr]
        for name in ("drift", "plan", "preflight", "receipts"):
            verb(name)
        ran = stack("destroy", "--yes")
        said += [ran.stdout, ran.stderr]
    kept = files(stack.project) | files(stack.project.parent / "state")
    if login == "password":  # a token may not set a job's tmpdir, and is told so before anything is done
        assert any(name.endswith("journal.jsonl") for name in kept), "the journal was written"
    texts = {**kept, "said": "\n".join(said), "listed": "\n".join(seen), "asked": str(lab.requests())}
    found = [(where, hidden) for where, text in texts.items() for hidden in secrets if hidden in text]
    assert found == []
    assert any("homebackup" in line for line in seen), "the provider was seen"
