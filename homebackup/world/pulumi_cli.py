"""The Pulumi command line, as the verbs use it: previews and the stack's configuration as data."""

import asyncio
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homebackup.model.state import Deployed
from homebackup.world.errors import Failed, Missing, Trouble

OF_NO_STACK = frozenset({"whoami"})
"""Commands of Pulumi that take no stack."""
PREVIEWING = 600.0
"""Seconds after which a preview is given up."""
REMEDY = "correct that and run this again"


@dataclass(frozen=True)
class Previewed:
    """One step of a preview: its operation, the resource's URN, the state before and the state wanted.

    `differing` are Pulumi's names of the properties that differ; a secret's value in the states is `[secret]`.
    """

    op: str
    urn: str
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    differing: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The resource's type token."""
        return self.urn.split("::")[2].rsplit("$", 1)[-1]

    @property
    def id(self) -> str:
        """Its id, empty before it exists."""
        return str(self.old.get("id") or self.new.get("id") or "")


@dataclass(frozen=True)
class Preview:
    """What `pulumi preview --json` said: its steps in order, and the texts beside each resource."""

    steps: tuple[Previewed, ...]
    texts: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...]


class PulumiCli:
    """Runs Pulumi in a project's folder on one stack; the current one when none is named."""

    def __init__(self, folder: Path, stack: str | None = None) -> None:
        self.folder, self.stack = project_file(folder).parent, stack

    async def config(self) -> dict[str, Any]:
        """The stack's whole configuration by full key, such as `homebackup:host`: text or objects, secrets in plain."""
        entries = json.loads(await self.run("config", "--json", "--show-secrets"))
        return {key: entry.get("objectValue") or entry.get("value", "") for key, entry in entries.items()}

    async def name(self) -> str:
        """The stack's name."""
        return (self.stack or (await self.run("stack", "--show-name")).strip()).rpartition("/")[2]

    async def deployed(self) -> Deployed:
        """What the stack's state has."""
        return Deployed.read(json.loads(await self.run("stack", "export")))

    async def secret_outputs(self, kind: str, name: str) -> list[str]:
        """The texts of a secret list among the outputs of all resources of a kind, in plain."""
        exported = json.loads(await self.run("stack", "export", "--show-secrets"))
        kept = (exported.get("deployment") or {}).get("resources") or []
        found = [one.get("outputs", {}).get(name) for one in kept if one.get("type") == f"homebackup:index:{kind}"]
        plain = [json.loads(one["plaintext"]) if isinstance(one, dict) else one for one in found if one]
        return [str(text) for texts in plain for text in texts]

    async def preview(self) -> Preview:
        """The preview of the stack, with what was changed by hand read first, whatever the project's own options say.

        A preview that did not end well is none: raises Failed with Pulumi's error.
        """
        ran = await self._ran("preview", "--json", "--refresh", "--non-interactive")
        try:
            document = json.loads(ran.out[ran.out.index("{") :])
        except ValueError:
            raise (
                _failed("preview", ran)
                if ran.exit
                else Failed(
                    "pulumi preview", f"it printed no JSON: {ran.out[:300]}", "run pulumi preview to see what it says"
                )
            ) from None
        diagnostics = document.get("diagnostics") or []
        errors = [d["message"] for d in diagnostics if d.get("severity") == "error" and d.get("urn")] or [
            d["message"] for d in diagnostics if d.get("severity") == "error"
        ]
        if errors:
            raise Failed("pulumi preview", _plain(errors[0]), REMEDY, exit=ran.exit or 1)
        if ran.exit:
            raise _failed("preview", ran)
        texts: dict[str, list[str]] = {}
        for d in diagnostics:
            if str(d.get("severity", "")).startswith("info"):
                texts.setdefault(d.get("urn", ""), []).append(_plain(d["message"]))
        steps = tuple(
            Previewed(
                s["op"], s["urn"], s.get("oldState") or {}, s.get("newState") or {}, tuple(s.get("diffReasons") or ())
            )
            for s in document.get("steps") or []
        )
        warnings = tuple(_plain(d["message"]) for d in diagnostics if d.get("severity") == "warning")
        return Preview(steps, {urn: tuple(found) for urn, found in texts.items()}, warnings)

    async def run(self, *arguments: str) -> str:
        """What a command of Pulumi prints; raises Failed, or Missing when there is no Pulumi or project."""
        ran = await self._ran(*arguments)
        if ran.exit:
            raise _failed(arguments[0], ran)
        return ran.out

    async def keep_secret(self, key: str, value: str) -> None:
        """Store a secret in the stack's configuration; it is in no process's arguments. Raises Failed, or Missing."""
        ran = await self._ran("config", "set", key, "--secret", "--non-interactive", stdin=value.encode())
        if ran.exit:
            raise _failed("config", ran)

    async def _ran(self, *arguments: str, stdin: bytes | None = None) -> "_Ran":
        program = shutil.which("pulumi")
        if program is None:
            raise Missing(
                "pulumi", "it is not on PATH", "install Pulumi, or run `make setup` and put .tools/bin on PATH"
            )
        stack = ("--stack", self.stack) if self.stack and arguments[0] not in OF_NO_STACK else ()
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            *stack,
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(stdin), PREVIEWING)
        except TimeoutError:
            process.kill()
            raise Failed(
                f"pulumi {arguments[0]}", f"it did not end within {PREVIEWING:.0f} s", "run it by hand"
            ) from None
        return _Ran(process.returncode or 0, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))


@dataclass(frozen=True)
class _Ran:
    """How a command of Pulumi ended, and what it printed."""

    exit: int
    out: str
    err: str


def _failed(command: str, ran: _Ran) -> Trouble:
    said = ran.err.strip() or ("" if ran.out.lstrip().startswith("{") else ran.out.strip())
    if "no Pulumi.yaml project file found" in said:
        remedy = "go to the folder of your project, or name it with --cwd"
        return Missing("project", "no Pulumi.yaml is there or in a folder above", remedy)
    locked = "currently locked" in said
    remedy = "run `homebackup recover`, which looks whether the other run still lives" if locked else REMEDY
    return Failed(f"pulumi {command}", _plain(said) or f"it ended with exit code {ran.exit}", remedy, exit=ran.exit)


def project_file(folder: Path) -> Path:
    """The Pulumi.yaml of the project that a folder belongs to, found as Pulumi does: there or in a folder above."""
    above = (folder, *folder.absolute().parents)
    names = ("Pulumi.yaml", "Pulumi.yml")
    return next((file for place in above for name in names if (file := place / name).is_file()), folder / names[0])


def _plain(text: str) -> str:
    """Pulumi's text without its colour marks and its prefixes."""
    for mark in ("<{%reset%}>", "<{%fg 1%}>", "<{%fg 3%}>", "<{%bold%}>", "<{%underline%}>"):
        text = text.replace(mark, "")
    return text.strip().removeprefix("error: ").removeprefix("Preview failed: ")
