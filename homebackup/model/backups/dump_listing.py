"""What lies in a storage's dump directory: the shell function that lists it on the host, and what its output says.

A name may hold anything, so names come between NUL bytes. Links are never followed. A directory on a network mount is
touched only when the mount's server has just answered, and then only under a deadline.
"""

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple
from zoneinfo import ZoneInfo

from homebackup.model.backups.archive import Archive, Dump, Leftover
from homebackup.model.backups.facts import AppFile, Space
from homebackup.model.seen import Unseen
from pverules.archive_name import ArchiveName, InvalidArchiveName

FUNCTIONS = r"""
knock() { timeout -k 1 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>/dev/null; }
dump() {
  at=/ kind= source=
  while read -r _ _ _ _ point rest; do
    case "$1/" in "${point%/}/"*)
      if [ "${#point}" -ge "${#at}" ]; then at=$point rest=${rest#* - }; kind=${rest%% *} source=${rest#* }; fi ;;
    esac
  done < /proc/self/mountinfo
  if [ -n "$2" ] && [ "$at" != "$2" ]; then printf 'unmounted\0'; return; fi
  source=${source%% *}
  case $kind in
    nfs*) server=${source%%:/*} port=2049 ;;
    cifs | smb*) server=${source#//} port=445; server=${server%%/*} ;;
    *) server= ;;
  esac
  server=${server#\[} server=${server%\]}
  if [ -n "$server" ] && ! knock "$server" "$port"; then printf 'silent %s\0' "$server"; return; fi
  printf 'space %s\0' "$(timeout -k 2 5 stat -f -c '%S %b %f %a' "${1%/*}" 2>/dev/null)"
  { timeout -k 2 10 find "$1" -maxdepth 1 -printf '%d %y %s %T@ %P\0'; printf 'end %s\0' $?; } | head -c 20000000
}
weigh() {
  knock "$1" 2049 || return
  shift
  timeout -k 2 10 du -sb "$@" 2>/dev/null
}
heads() {
  knock "$1" 2049 || return
  shift
  timeout -k 2 10 sh -c '
    for file; do
      [ -L "$file" ] || head -c 1000 "$file" 2>/dev/null | base64 -w0
      echo
    done' - "$@"
}
"""
"""POSIX sh. `knock ADDRESS PORT` succeeds when something answers there within three seconds. `dump FOLDER MOUNT` lists
a directory; MOUNT is where something has to be mounted for it to be the right one, or empty. `heads SERVER FILE...`
prints the beginning of each file as a line of base64, `weigh SERVER FOLDER...` the bytes in each folder, when the
server answers.
"""

_WRITTEN = re.compile(r"(vzdump-(?:qemu|lxc|openvz)-[1-9]\d{2,8}-\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d)\b.*", re.DOTALL)
_SUMMED = re.compile(r"(.+)\.(\d+)\.sha256", re.DOTALL)
_BESIDE = re.compile(r"(.+)\.(notes|protected)", re.DOTALL)


class Row(NamedTuple):
    """One thing in a directory: `kind` is f, d, l or another letter of find's, `size` in bytes, `written` an epoch."""

    name: str
    kind: str
    size: int
    written: float


@dataclass(frozen=True)
class Listing:
    """What lies in a directory; not `complete` when the listing was cut short, `late` when time ran out for it."""

    rows: tuple[Row, ...]
    complete: bool = True
    late: bool = False


def app_files(rows: Iterable[Row], glob: str) -> tuple[AppFile, ...]:
    """The files that have the names of an app's backups; a file beside a dump of ours has its bytes in its name."""
    told = {found[1]: int(found[2]) for row in rows if (found := _SUMMED.fullmatch(row.name))}
    files = (row for row in rows if row.kind == "f" and fnmatchcase(row.name, glob) and not _SUMMED.fullmatch(row.name))
    return tuple(AppFile(row.name, row.size, row.written, told.get(row.name)) for row in files)


def read_dump(
    storage: str, folder: str, output: bytes, stderr: str, zone: ZoneInfo
) -> tuple[Dump | Unseen, Space | Unseen]:
    """What `dump` printed of a storage's directory on a node in `zone`; a listing cut short is not complete."""
    listing, space = read_listing(folder, output, stderr)
    if isinstance(listing, Unseen):
        return listing, space
    archives, leftovers = _sorted(storage, folder, listing.rows, zone)
    return Dump(storage, folder, archives, leftovers, complete=listing.complete, late=listing.late), space


def read_listing(folder: str, output: bytes, stderr: str) -> tuple[Listing | Unseen, Space | Unseen]:
    """What `dump` printed of any directory; one that does not exist is empty."""
    records = [record for record in output.split(b"\0") if record]
    words = records[0].split(b" ") if records else [b""]
    if words[0] == b"unmounted":
        return _both(f"nothing is mounted at {folder.rpartition('/')[0]}", "mount it, or wait until it heals itself")
    if words[0] == b"silent":
        server = words[1].decode("utf-8", "replace")
        return _both(f"the NAS {server} does not answer", "switch it on; its archives are safe, only out of sight")
    space = _space(words[1:])
    rows: list[Row] = []
    ended, link = "", False
    for record in records[1:]:
        first, _, rest = record.partition(b" ")
        if first == b"end":
            ended = rest.decode()
        else:
            parts = rest.split(b" ", 3)
            if first == b"0":
                link = parts[0] == b"l"
            elif len(parts) == 4 and parts[3]:
                rows.append(Row(_text(parts[3]), parts[0].decode(), int(parts[1]), float(parts[2])))
    if not ended:
        rows = rows[:-1]  # the last name may have been cut in two
    if link:
        return Unseen(f"{folder} is a link, and links are not followed", "name the directory itself"), space
    late = ended in ("124", "137")
    broke_off = ended == "1" and any("No such file" not in said for said in stderr.split("find: ")[1:])
    absent = "No such file" in stderr or (ended == "1" and not stderr)
    if broke_off or (ended not in ("", "0") and not rows and not absent):
        why = "does not answer in time" if late else f"cannot be listed ({stderr or ended})"
        return Unseen(f"{folder} {why}", "see whether the NAS is well, and run this again"), space
    return Listing(tuple(rows), complete=ended in ("0", "1"), late=late), space


def weighed(output: str) -> dict[str, int]:
    """Bytes by folder, from what `weigh` printed."""
    rows = (line.partition("\t") for line in output.splitlines())
    return {path: int(count) for count, _, path in rows if count.isdecimal()}


def _both(said: str, remedy: str) -> tuple[Unseen, Unseen]:
    return Unseen(said, remedy), Unseen(said, remedy)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _space(words: list[bytes]) -> Space | Unseen:
    """The answer of `stat -f`: block size, blocks, free blocks, and those free for others than root."""
    if len(words) != 4 or not all(word.isdigit() for word in words):
        return Unseen("its file system does not tell its size in time", "run this again")
    block, total, free, left = map(int, words)
    return Space(total * block, (total - free) * block, left * block)


def _sorted(
    storage: str, folder: str, rows: Sequence[Row], zone: ZoneInfo
) -> tuple[tuple[Archive, ...], tuple[Leftover, ...]]:
    """Archives by time, then what is none by name; `rows` are name, type, bytes and time of the last change."""
    files = {name for name, kind, _, _ in rows if kind == "f"}
    archives: dict[str, Archive] = {}
    stems: set[str] = set()
    for name, kind, size, written in rows:
        if kind != "f" or (parsed := archive_name(name)) is None:
            continue
        held, time = f"{name}.protected" in files, parsed.epoch(zone)
        archives[name] = Archive(storage, name, parsed.kind, parsed.vmid, time, size, written, None, held, folder)
        stems.add(name.partition(".")[0])
    leftovers = [
        Leftover(storage, name, size, written, why, *_made(name, zone))
        for name, kind, size, written in rows
        if name not in archives and (why := _why(name, kind, archives.keys(), stems))
    ]
    in_time = sorted(archives.values(), key=lambda archive: (archive.time, archive.name))
    return tuple(in_time), tuple(sorted(leftovers, key=lambda leftover: leftover.name))


def archive_name(name: str) -> ArchiveName | None:
    """The parts of a file's name, None when it is not the one that vzdump gives a complete archive."""
    try:
        return ArchiveName.parse(name) if name.startswith("vzdump-") and "/" not in name else None
    except InvalidArchiveName:
        return None


def _why(name: str, kind: str, archives: Container[str], stems: set[str]) -> str:
    """Why something is left over; empty for what belongs to an archive."""
    if kind not in ("f", "d"):
        return "link" if kind == "l" else "name of its own"
    if beside := _BESIDE.fullmatch(name):
        return "" if beside[1] in archives else "notes without archive"
    if not _WRITTEN.fullmatch(name):
        return "name of its own"
    if name.endswith(".log"):
        return "" if name.removesuffix(".log") in stems else "log without archive"
    if name.endswith(".tmp"):
        return "temporary"
    return "unfinished" if name.endswith(".dat") else "name of its own"


def _made(name: str, zone: ZoneInfo) -> tuple[int | None, int | None]:
    """Guest and time in a name that vzdump gave, whatever its ending."""
    written = _WRITTEN.fullmatch(name)
    parsed = archive_name(f"{written[1]}.tar") if written else None
    return (parsed.vmid, parsed.epoch(zone)) if parsed else (None, None)
