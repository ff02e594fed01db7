"""The units that tell, as systemd itself takes them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from typer.main import get_command

from homebackup.commands.__main__ import app
from homebackup.model.systemd import word
from homebackup.model.timer import UNITS
from homebackup.model.verb_timers import VERBS, Machine, VerbName


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("/usr/bin/python3", "/usr/bin/python3"),
        ("PATH=/a:/b", "PATH=/a:/b"),
        ("a b", '"a b"'),
        ("100%", "100%%"),
        ('say "hi"\\', '"say \\"hi\\"\\\\"'),
        ("a'b;c", '"a\'b;c"'),
        ("two\nlines", '"two\\nlines"'),
        ("", '""'),
    ],
)
def test_a_word_of_a_unit_file(text: str, spelled: str) -> None:
    assert word(text) == spelled


def test_the_units() -> None:
    here = Machine("vm", "me", "/opt/my env/python", "/opt/bin:/usr/bin", "/srv/$x")
    hourly, weekly = here.timer("home", "notify", "hourly"), here.timer("home", "digest", "Mon 08:30")
    assert (hourly.name, weekly.name) == ("homebackup-notify-home.timer", "homebackup-digest-home.timer")
    assert set(hourly.files) == {f"{UNITS}/homebackup-notify-home.{kind}" for kind in ("service", "timer")}
    service = hourly.units[hourly.service].splitlines()
    assert 'ExecStart="/opt/my env/python" -m homebackup.commands notify --stack home --cwd "/srv/$$x"' in service
    assert "Environment=PATH=/opt/bin:/usr/bin" in service
    assert "User=me" in service
    assert "OnCalendar=hourly" in hourly.units[hourly.name].splitlines()
    assert " notify --digest --stack home " in weekly.units[weekly.service]
    assert "OnCalendar=Mon 08:30" in weekly.units[weekly.name].splitlines()


def test_the_units_of_somebody_who_is_not_root() -> None:
    here = Machine("vm", "me", "/usr/bin/python3", "/usr/bin", "/srv", "/home/me/.config/systemd/user", root=False)
    timer = here.timer("home", "verify", "sat 14:00")
    assert timer.systemctl == ("systemctl", "--user")
    assert all(path.startswith("/home/me/.config/systemd/user/homebackup-verify-home.") for path in timer.files)
    assert "User=" not in timer.units[timer.service]
    seen = replace(here, files=timer.files)
    assert seen.event("home", "verify") == "sat 14:00"
    assert timer.state(seen) == "stopped"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_that_is_run_takes_what_it_is_given(verb: VerbName) -> None:
    timer = Machine("vm", "me", "python3", "/usr/bin", "/srv").timer("home", verb, "daily")
    found = re.search(r"-m homebackup.commands (.*)$", timer.units[timer.service], re.MULTILINE)
    assert found
    words = found[1].split()
    command = get_command(app).get_command(None, words[0])  # type: ignore[attr-defined]
    assert command.make_context(words[0], words[1:]).params["stack"] == "home"
