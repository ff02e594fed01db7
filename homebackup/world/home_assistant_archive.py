"""A backup of Home Assistant as a file: whether it is whole, and which key opens it; a few KiB of it are read."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from securetar import SecureTarError, SecureTarFile

from homebackup.world.errors import Failed, Missing

ABOUT = "backup.json"
"""The member that says what the backup is."""
CORE = "homeassistant.tar"
"""What the member with the configuration is called, `.gz` behind it where it is compressed."""


@dataclass(frozen=True)
class Examined:
    """What a backup is: its name, date and members; `opened` is the number of the key that opens it, None for none."""

    name: str
    date: str
    members: tuple[str, ...]
    protected: bool
    opened: int | None


def examine(path: Path, keys: Sequence[str], called: str = "") -> Examined:
    """Look at the head of every member, and open the configuration with each key in turn.

    Raises Missing for no file, and Failed with what is wrong with one that is cut off or no such backup; `called` is
    its name there where that is not the file's.
    """
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as outer:
            members = {Path(member.name).name: member for member in outer}
            said = _about(outer, members.get(ABOUT))
            inner = next((member for name, member in members.items() if name.startswith(CORE)), None)
            if inner is None:
                raise _broken(called or path.name, "it holds no configuration of Home Assistant")
            protected, compressed = bool(said.get("protected")), inner.name.endswith("gz")
            passwords: list[str | None] = [*keys] if protected else [None]
            opening = (n for n, key in enumerate(passwords) if _opens(outer, inner, key, compressed=compressed))
            opened = next(opening, None)
            if opened is None and not protected:
                raise _broken(called or path.name, f"{inner.name} in it cannot be read")
            return Examined(
                str(said["name"]), str(said["date"]), tuple(members), protected, opened if protected else None
            )
    except FileNotFoundError:
        raise Missing(str(path), "there is no such file", "name a backup of Home Assistant") from None
    except (tarfile.TarError, ValueError, LookupError, TypeError, EOFError) as error:
        raise _broken(called or path.name, str(error) or type(error).__name__) from None


def _about(outer: tarfile.TarFile, member: tarfile.TarInfo | None) -> dict[str, Any]:
    content = outer.extractfile(member) if member else None
    if content is None:
        raise ValueError(f"it has no {ABOUT}")
    said: dict[str, Any] = json.loads(content.read())
    return said


def _opens(outer: tarfile.TarFile, member: tarfile.TarInfo, key: str | None, *, compressed: bool) -> bool:
    """Whether the key opens it: what comes of another one is no archive."""
    content: IO[bytes] | None = outer.extractfile(member)
    if content is None:
        return False
    try:
        with SecureTarFile(fileobj=content, gzip=compressed, password=key) as inner:
            return next(_names(inner), None) is not None
    except (SecureTarError, tarfile.TarError, OSError, EOFError, ValueError):
        return False


def _names(inner: tarfile.TarFile) -> Iterator[str]:
    for member in inner:
        yield member.name


def _broken(called: str, said: str) -> Failed:
    return Failed(called, f"it is no whole backup of Home Assistant: {said}", "make one: homebackup app run")
