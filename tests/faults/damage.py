"""What a picture of the host shows that nobody asked for: foreign bytes changed, half lines, leftovers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import zip_longest

from tests.faults.house import Picture, Thing
from tests.faults.scenes import TARGET, Scene

FSTAB, VZDUMP = "/etc/fstab", "/etc/vzdump.conf"
SECTIONS = {"/etc/pve/storage.cfg": "DirStorage", "/etc/pve/jobs.cfg": "VzdumpJob"}
_OURS = re.compile(
    r"/etc/systemd/system/(timers\.target\.wants/)?homebackup-heal-.*|/mnt/nas-backups|/srv/backups(/dump)?"
    r"|/var/lib/pve-manager/jobs/vzdump-backup-one.json|.*\.homebackup-previous|.*\.homebackup\.\w{6}"
)
"""Paths that a change may make, change and take away."""
_SCRATCH = re.compile(r".*\.homebackup\.\w{6}")


def foreign(scene: Scene, picture: Picture) -> dict[str, Thing]:
    """Everything in the picture that is not ours, our own lines, keys and section taken out."""
    found = {path: thing for path, thing in picture.things.items() if not _OURS.fullmatch(path)}
    for path in (FSTAB, VZDUMP, *SECTIONS):
        if path in found:
            rest = b"\n".join(_theirs(scene, path, found[path].content))
            found[path] = replace(found[path], content=rest)
            if not rest:
                del found[path]
    return found


def ours(scene: Scene, picture: Picture) -> dict[str, list[bytes]]:
    """Our own lines, keys and section in each file."""
    found = {}
    for path in (FSTAB, VZDUMP, *SECTIONS):
        parts = _parts(path, picture.content(path))
        found[path] = [part.rstrip(b"\r") for part in parts if _is_ours(scene, path, part)]
    return found


def changed_bytes(before: Mapping[str, Thing], after: Mapping[str, Thing]) -> dict[str, int]:
    """How many bytes differ in each thing; one that came, went, or has another mode or owner counts at least one."""
    found = {}
    for path in sorted(before.keys() | after.keys()):
        one, other = before.get(path), after.get(path)
        if one != other:
            contents = (one.content if one else b"", other.content if other else b"")
            found[path] = max(1, sum(a != b for a, b in zip_longest(*contents)))
    return found


def scratch(picture: Picture) -> list[str]:
    """Files that were only to live while one was replaced."""
    return [path for path in picture.things if _SCRATCH.fullmatch(path)]


def half(scene: Scene, picture: Picture, whole: Iterable[Picture]) -> list[str]:
    """Parts of ours that stand in none of the pictures in which the operation was not begun or was done."""
    known: dict[str, set[bytes]] = {}
    for each in whole:
        for path, parts in ours(scene, each).items():
            known.setdefault(path, set()).update(parts)
    return [
        f"{path}: {part!r}" for path, parts in ours(scene, picture).items() for part in parts if part not in known[path]
    ]


def _theirs(scene: Scene, path: str, content: bytes) -> list[bytes]:
    return [part for part in _parts(path, content) if not _is_ours(scene, path, part)]


def _parts(path: str, content: bytes) -> list[bytes]:
    if path in SECTIONS:
        return sorted(part.strip(b"\n") for part in content.split(b"\n\n") if part.strip(b"\n"))
    return content.split(b"\n")


def _is_ours(scene: Scene, path: str, part: bytes) -> bool:
    if path == FSTAB:
        fields = part.split()
        is_entry = len(fields) >= 3 and not fields[0].startswith(b"#")
        return scene.kind == "NfsMount" and is_entry and re.sub(rb"/+", b"/", fields[1]).rstrip(b"/") == TARGET.encode()
    if path == VZDUMP:
        keys = {f.wire for f in scene.cls.fields if {**(scene.old or {}), **(scene.new or {})}.get(f.name) is not None}
        return scene.kind == "VzdumpDefaults" and part.partition(b":")[0].strip().decode("latin-1") in keys
    return scene.kind == SECTIONS[path] and part.partition(b"\n")[0].endswith(b": " + scene.name.encode())
