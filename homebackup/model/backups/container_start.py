"""The first entries of a tar file, in which vzdump puts a container's configuration before all content."""

import tarfile

from homebackup.model.backups.sample import Inside
from homebackup.model.backups.unpacking import Broken

CONFIGS = frozenset({"etc/vzdump/pct.conf", "etc/vzdump/vps.conf"})
LOOKED_AT = 20
"""Entries among which the configuration has to be; it is the first that vzdump writes."""
_RECORD = 512
_BESIDE = frozenset(
    (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
)


def read_container(plain: bytes) -> Inside | None:
    """What a tar file holds, None when more of it is needed to tell; raises Broken."""
    at = seen = 0
    while seen < LOOKED_AT:
        record = plain[at : at + _RECORD]
        if len(record) < _RECORD:
            if seen:
                raise Broken(_NONE)
            return None
        try:
            entry = tarfile.TarInfo.frombuf(record, "utf-8", "surrogateescape")
        except tarfile.HeaderError:
            raise Broken("it holds no container: it is no tar file" if at == 0 else _NONE) from None
        if entry.size < 0:  # it would lead back, and round and round
            raise Broken("an entry at its beginning has less than no bytes")
        at += _RECORD
        content = plain[at : at + entry.size]
        at += -(-entry.size // _RECORD) * _RECORD if entry.isreg() or entry.type in _BESIDE else 0
        if entry.type in _BESIDE:
            continue
        seen += 1
        if entry.name.removeprefix("./") in CONFIGS:
            return Inside("lxc", content.decode("utf-8", "replace"), int(entry.mtime)) if at <= len(plain) else None
    raise Broken(_NONE)


_NONE = "it holds no configuration of a container: ./etc/vzdump/pct.conf is not among its first entries"
