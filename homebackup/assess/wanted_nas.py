"""The resources that a site declares of its NAS's own management, as data."""

from collections.abc import Iterator
from typing import Any

from homebackup.model.site import Site

EXPORTS = "exports"
"""What Pulumi calls the component of the NFS rules."""
OFF_SITE = "off-site"
"""Likewise of the tasks of Hyper Backup."""


def exports(site: Site) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the inputs of each NfsExport."""
    for share, clients in sorted((site.nas.dsm.exports if site.nas.dsm else {}).items()):
        for client, export in clients.items():
            rule = export.model_dump() | {"security": sorted(export.security)}
            yield f"{share}-{client}", {"share": share, "client": client, **rule}


def off_site(site: Site) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the inputs of each HyperBackupTask."""
    for name, task in sorted((site.nas.dsm.hyper_backup if site.nas.dsm else {}).items()):
        inputs: dict[str, Any] = {"name": name, "folders": sorted(task.folders), "allow_create": task.allow_create}
        yield name, inputs | {"target_share": task.target_share}
