"""The one door through which verbs print: nothing that other people wrote can do anything to the terminal."""

import json
from collections.abc import Iterable
from typing import Any

import typer

from homebackup.model.plain import plain


def say(text: str, *, err: bool = False, end: str = "\n") -> None:
    """Print a text, on standard error if it is not what was asked for."""
    typer.echo(plain(text) + end, err=err, nl=False)


def show(drawn: str) -> None:
    """Print what a view drew: it has made other people's text harmless itself, and may hold colours."""
    typer.echo(drawn, nl=False)


def document(name: str, content: Any, unknown: Iterable[str] = (), **more: Any) -> None:
    """Print a verb's answer as JSON."""
    say(spelled(name, content, unknown, **more))


def spelled(name: str, content: Any, unknown: Iterable[str] = (), **more: Any) -> str:
    """A verb's answer as JSON: what was asked for under its name, and under `unknown` what could not be seen."""
    return json.dumps({name: content, "unknown": list(unknown), **more}, indent=2, ensure_ascii=False)
