"""What dumps an application inside its guest: the script and the timer that a recipe's values make, and back again."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from homebackup.model.dump_script import COMMAND, FRAME, POSTGRES, VAULTWARDEN
from homebackup.model.systemd import word
from homebackup.model.timer import UNITS, Timer

RecipeName = Literal["vaultwarden", "postgres", "command"]
"""What can be dumped."""
RECIPES: dict[str, str] = {"vaultwarden": VAULTWARDEN, "postgres": POSTGRES, "command": COMMAND}
"""The part of the script that makes a dump and looks at it, by recipe."""
ENDINGS = {"vaultwarden": ".tar.gz", "postgres": ".sql.gz", "command": ".gz"}
"""How the names of dumps end; an encrypted one has `.age` behind it."""
DATABASE = "/opt/vaultwarden/data/db.sqlite3"
"""Where a Vaultwarden keeps its data unless told otherwise."""
PG_DUMPALL = "su postgres -c 'pg_dumpall --clean --if-exists'"
"""What dumps every database of a PostgreSQL server as Debian sets it up."""
_SERVICE = """\
# Kept by homebackup.
[Unit]
Description=Dump {name}

[Service]
Type=oneshot
ExecStart={script}
Nice=19
IOSchedulingClass=idle
"""
_TIMER = """\
# Kept by homebackup.
[Unit]
Description=Dump {name}

[Timer]
OnCalendar={when}
Persistent=true

[Install]
WantedBy=timers.target
"""


@dataclass(frozen=True)
class Recipe:
    """The values of one application's dump; `to` is a directory in the guest, `schedule` in Proxmox VE's spelling."""

    name: str
    recipe: str
    to: str
    keep: int
    recipient: str = ""
    database: str = ""
    command: str = ""

    @property
    def ending(self) -> str:
        """What the names of its dumps end in."""
        return ENDINGS.get(self.recipe, "") + (".age" if self.recipient else "")

    @property
    def glob(self) -> str:
        """Which names its dumps have: the moment in UTC, to the second."""
        return f"{self.name}-????????T??????Z{self.ending}"

    @property
    def script(self) -> str:
        """The whole script."""
        text = FRAME.replace("\n@produce@\n", RECIPES[self.recipe])
        values = {key: shlex.quote(str(value)) for key, value in asdict(self).items()} | {"ending": self.ending}
        return re.sub(r"@(\w+)@", lambda place: values[place[1]], text)

    @classmethod
    def read(cls, script: bytes) -> "Recipe | None":
        """The values that a script was made with, as far as it still has them; None when it has not."""
        text = script.decode("utf-8", "replace")
        said = re.search(r"^# Kept by homebackup: dumps \S+ \(recipe (\w+)\)", text, re.M)
        if not said or said[1] not in RECIPES:
            return None
        values = {"recipe": said[1], "recipient": "", "database": "", "command": ""}
        try:
            for line in re.findall(r"^(?:name|database|command)=.*$", text, re.M):
                values |= dict(one.split("=", 1) for one in shlex.split(line))
            values.pop("ending")
            return cls(**values | {"keep": int(values["keep"])})  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError):
            return None


def place(name: str) -> str:
    """Where an application's script is in its guest."""
    return f"/usr/local/sbin/homebackup-dump-{name}"


def timer(name: str, when: str = "") -> Timer:
    """The timer of an application's dump, and the service that runs its script; `when` as systemd spells it."""
    unit = f"homebackup-dump-{name}"
    texts = {f"{unit}.service": _SERVICE, f"{unit}.timer": _TIMER}
    values = {"name": name, "script": word(place(name)), "when": when}
    return Timer(f"{unit}.timer", {unit_: text.format(**values) for unit_, text in texts.items()})


def calendar_of(files: Mapping[str, bytes], name: str) -> str:
    """The calendar event of the timer as its file has it, in systemd's spelling; empty without one."""
    text = files.get(f"{UNITS}/homebackup-dump-{name}.timer", b"").decode("utf-8", "replace")
    found = re.findall(r"^OnCalendar=(.*)$", text, re.M)
    return found[0].strip() if len(found) == 1 else ""
