"""Archives as the API lists the content of a storage; it shows no file that is not complete."""

from collections.abc import Iterable, Mapping
from typing import Any

from homebackup.model.backups.archive import Archive, Dump, Leftover
from homebackup.model.backups.dump_listing import archive_name


def read_content(storage: str, rows: Iterable[Mapping[str, Any]]) -> Dump:
    """The dump directory of a storage, from the rows of its content; when a file was last written nobody tells."""
    archives, leftovers = [], []
    for row in rows:
        name = str(row.get("volid", "")).rpartition("/")[2]
        size, time = int(row.get("size") or 0), int(row.get("ctime") or 0)
        parsed = archive_name(name)
        if row.get("content", "backup") != "backup":
            continue
        if parsed is None:
            leftovers.append(Leftover(storage, name, size, None, "name of its own"))
            continue
        notes = row.get("notes")
        said = str(notes).partition("\n")[0] if notes else None
        held = bool(row.get("protected"))
        archives.append(Archive(storage, name, parsed.kind, parsed.vmid, time, size, None, said, held, ""))
    archives.sort(key=lambda archive: (archive.time, archive.name))
    return Dump(storage, "", tuple(archives), tuple(leftovers))
