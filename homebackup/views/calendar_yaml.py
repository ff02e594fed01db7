"""`backup.calendar.yaml`: the jobs of a site as declared and as found, the same bytes while neither changes."""

from collections.abc import Iterable
from typing import Any

import yaml

from homebackup.assess.jobs import Job, Standing, spelled_retention, spelled_schedule
from homebackup.model.site import Site, Window

MARK = "# Written by `homebackup calendar`."
"""How the file begins; one that begins otherwise is somebody else's."""
_HEAD = f"""{MARK} What is changed here is lost with the next run; change the stack instead.
# Times are those of the node's clock. A job is as Proxmox VE has it; `declared` says what was declared otherwise.
"""


class _Plain(yaml.SafeDumper):
    """Indents lists, and writes lists of numbers on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists stand below their key, indented."""
        super().increase_indent(flow, False)


def text(site: Site, standings: Iterable[Standing], zone: str | None) -> str:
    """The file; `zone` is the node's time zone, None when nobody looked."""
    document: dict[str, Any] = {"site": site.name, "node": site.node}
    if zone:
        document["timezone"] = zone
    document["nas"] = site.nas.address
    document["jobs"] = [_job(standing) for standing in standings]
    document["windows"] = [_window(window) for window in site.windows]
    return _HEAD + yaml.dump(
        document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100, default_flow_style=False
    )


def _job(standing: Standing) -> dict[str, Any]:
    job = standing.job
    told: dict[str, Any] = {"job": job.name, "tier": job.tier, "state": standing.state}
    told |= {"schedule": spelled_schedule(job), "enabled": job.enabled, "guests": _guests(job)}
    told |= {"storage": job.storage, "retention": spelled_retention(job)}
    if standing.differences:
        told["declared"] = {field: declared for field, (declared, _) in standing.differences.items()}
    return {field: value for field, value in told.items() if value not in ("", None)}


def _guests(job: Job) -> Any:
    return job.chosen or list(job.guests or ())


def _window(window: Window) -> dict[str, str]:
    return {"name": window.name, "from": _clock(window.start), "until": _clock(window.end)}


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
