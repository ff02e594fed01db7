"""The units that tell, as systemd itself takes them."""

from __future__ import annotations

import pytest

from homebackup.model.notify_timers import timers
from homebackup.model.systemd import word


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
    hourly, weekly = timers("home", ["/opt/my env/python", "notify", "-C", "/srv/$x"], "me", "/opt/bin:/usr/bin")
    assert (hourly.name, weekly.name) == ("homebackup-notify-home.timer", "homebackup-digest-home.timer")
    assert set(hourly.units) == {"homebackup-notify-home.service", "homebackup-notify-home.timer"}
    service = hourly.units[hourly.service].splitlines()
    assert 'ExecStart="/opt/my env/python" notify -C "/srv/$$x"' in service
    assert "Environment=PATH=/opt/bin:/usr/bin" in service
    assert "User=me" in service
    assert "OnCalendar=hourly" in hourly.units[hourly.name].splitlines()
    assert weekly.units[weekly.service].count(" --digest\n") == 1
    assert "OnCalendar=Mon 08:30" in weekly.units[weekly.name].splitlines()
