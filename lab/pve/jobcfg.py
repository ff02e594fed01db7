"""/etc/pve/jobs.cfg: the backup jobs, and the state that the scheduler keeps of each (PVE::Jobs)."""

import json
from collections.abc import Mapping
from typing import Any

from lab.clock import Clock
from lab.pve import formats
from lab.pve.errors import Died
from lab.pve.files import JOBS, Files
from lab.pve.routes import CALLS
from lab.pve.sections import Section, SectionKind, Sections, parse
from pverules import property_string
from pverules.formats import is_job_id

STATES = "/var/lib/pve-manager/jobs"
STRINGS = ("prune-backups", "fleecing", "performance")
"""Options that are property strings in the file and objects in answers."""
NOT_STORED = ("id", "starttime", "dow", "maxfiles")


def _options() -> dict[str, dict[str, Any]]:
    sent: dict[str, dict[str, Any]] = CALLS["POST /cluster/backup"]["parameters"]
    options = {key: {**data, "optional": 1} for key, data in sent.items() if key not in NOT_STORED}
    return options | {"schedule": {**sent["schedule"], "optional": 0}}


def _formatted(key: str) -> str:
    return str(_options()[key]["format"])


def _decode(key: str, value: Any) -> Any:
    if key not in STRINGS or isinstance(value, Mapping):
        return value
    try:
        return formats.split(_formatted(key), value, key)
    except ValueError as error:
        raise Died(str(error)) from None


def _encode(key: str, value: Any) -> Any:
    return property_string.render(value) if key in STRINGS else value


KIND = SectionKind("vzdump", _options(), decode=_decode, encode=_encode)


def parse_jobs(text: str) -> Sections:
    """The jobs of a text; one whose schedule cannot be read is there, but broken."""
    return parse(text, {"vzdump": KIND}, is_job_id_or_uuid)


def is_job_id_or_uuid(text: str) -> bool:
    """Whether a section may have that name: generated ids begin with a digit now and then."""
    return is_job_id(text) or bool(text)


class Jobs:
    """The backup jobs as the file says now."""

    def __init__(self, files: Files, clock: Clock) -> None:
        self.files = files
        self.clock = clock

    @property
    def all(self) -> Sections:
        """Every job, in the order of the file."""
        return self.files.parsed(JOBS, parse_jobs)

    def save(self, sections: Sections) -> None:
        """Write the file; raises Died while a broken job is in it."""
        self.files.write(JOBS, sections.text())

    def put(self, job: Section) -> None:
        """Write the file with a new or changed job; raises Died while a broken one is in it."""
        text = self.all.with_(job).text()
        stored = parse_jobs(job.text)
        self.files.keep(JOBS, text, parse_jobs, self.all.updated(stored))

    def drop(self, name: str) -> None:
        """Write the file without a job; raises Died while a broken one is in it."""
        left = self.all.without(name)
        self.files.keep(JOBS, left.text(), parse_jobs, left)

    def shown(self, job: Section) -> dict[str, Any]:
        """A job as answers have it."""
        return {"enabled": 1, **job.values, "id": job.id, "type": job.type}

    def state(self, name: str) -> dict[str, Any]:
        """What the scheduler knows of a job: `{state, time, updated, config: {enabled, schedule}}`, or nothing."""
        text = self.files.text(_state_file(name))
        return json.loads(text) if text else {}

    def set_state(self, name: str, state: dict[str, Any] | None) -> None:
        """Write or (None) forget what the scheduler knows of a job; raises Died where it cannot be written."""
        try:
            if state is None:
                self.files.remove(_state_file(name))
            else:
                self.files.write(_state_file(name), json.dumps(state, separators=(",", ":")))
        except OSError as error:
            lock = f"/var/lock/pve-manager/vzdump-{name}.lck"
            raise Died(f"can't lock file '{lock}' - can't open file - {error.strerror}") from None

    def noticed(self, job: Section, *, created: bool = False) -> None:
        """Tell the scheduler of a job that was made or changed: a new schedule or switch resets its reference time."""
        now, known = int(self.clock.now()), self.state(job.id)
        config = {"enabled": job.get("enabled", 1), "schedule": job.get("schedule")}
        if created:
            self.set_state(job.id, {"state": "created", "time": now, "config": config})
        elif known.get("config") != config:
            self.set_state(job.id, {"state": "created", "time": now, **known, "updated": now, "config": config})


def _state_file(name: str) -> str:
    return f"{STATES}/vzdump-{name}.json"
