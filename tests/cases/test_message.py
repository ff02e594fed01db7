"""What the owner reads on a phone, whole messages as they arrive."""

from __future__ import annotations

from typing import Any

import pytest

from homebackup.assess.changes import Changes, changes, heartbeat
from homebackup.assess.verdict import Verdict
from homebackup.model.last_told import LastTold
from homebackup.views.message import LONGEST, changed, digest, trial

HOUR = 3600.0
NOW = 1_800_000_000.0


def verdict(vmid: int, name: str, state: Any, said: str = "", remedy: str = "nothing", **more: Any) -> Verdict:
    return Verdict(name, "guest", state, said, remedy, vmid=vmid, **more)


def told(*more: Verdict) -> list[Verdict]:
    """The site with some verdicts of their own."""
    well = {
        100: verdict(100, "home-assistant", "OK", "backed up 7 h ago", critical=True, newest=int(NOW - 7 * HOUR)),
        101: verdict(101, "immich", "DEFERRED", "VM stopped"),
        102: verdict(102, "vaultwarden", "OK", critical=True, newest=int(NOW - 7 * HOUR), size=5 << 30),
        105: verdict(105, "pihole", "OK", newest=int(NOW - 90 * HOUR)),
    }
    return list((well | {v.vmid or 0: v for v in more}).values())


def looks(*each: list[Verdict], hours: float = 3) -> Changes:
    """The changes of the last of several looks, so many hours apart; all was well before the first."""
    last = changes(LastTold(), told(), NOW, whole=True)
    for number, verdicts in enumerate(each, 1):
        last = changes(last.known, verdicts, NOW + number * hours * HOUR, whole=True)
    return last


STALE = verdict(
    102,
    "vaultwarden",
    "STALE",
    "its newest archive is 30 h old, and may be 26 h: a run was missed since Sun 22 Nov 03:00",
    "see whether node and NAS were on then, and back it up now: homebackup run 102",
    critical=True,
)
OFF = told(
    *(
        verdict(vmid, name, "UNKNOWN", "the NAS 10.0.0.150 does not answer", "switch it on", critical=critical)
        for vmid, name, critical in (
            (100, "home-assistant", True),
            (102, "vaultwarden", True),
            (105, "pihole", False),
        )
    )
)
FAILED = verdict(
    105, "pihole", "FAILED", "its backup of Sun 22 Nov 04:00 failed: No space left", "make room on the NAS"
)
NOBODYS = verdict(
    110, "paperless", "UNPROTECTED", "no job has it; nobody declared it", "put it into a tier of the site"
)
MESSAGES = {
    "one critical": (
        [told(STALE)],
        "failure",
        "home, critical: backup of 102 vaultwarden is too old",
        """\
102 vaultwarden (critical): STALE, was OK
Why: Its newest archive is 30 h old, and may be 26 h: a run was missed since Sun 22 Nov 03:00.
To do: See whether node and NAS were on then, and back it up now: homebackup run 102.

All else is well.""",
    ),
    "the NAS is off": (
        [OFF],
        "warning",
        "home: 3 backups cannot be seen",
        """\
100 home-assistant (critical), 102 vaultwarden (critical), 105 pihole: UNKNOWN, was OK
Why: The NAS 10.0.0.150 does not answer.
To do: Switch it on.""",
    ),
    "the NAS is off, and something was bad before": (
        [told(STALE), OFF],
        "warning",
        "home: 2 backups cannot be seen",
        """\
100 home-assistant (critical), 105 pihole: UNKNOWN, was OK
Why: The NAS 10.0.0.150 does not answer.
To do: Switch it on.

As told before, not well: 102 vaultwarden (STALE, and not to be seen now).""",
    ),
    "the NAS is on again": (
        [told(STALE), OFF, told()],
        "success",
        "home: 3 backups well again",
        """\
100 home-assistant (critical), 105 pihole: OK, was UNKNOWN

102 vaultwarden (critical): OK after 6 h, was STALE""",
    ),
    "several, and one gone": (
        [[v for v in told(STALE, FAILED, NOBODYS) if v.vmid != 100]],
        "failure",
        "home, critical: 3 backups need you, 1 gone",
        """\
102 vaultwarden (critical): STALE, was OK
Why: Its newest archive is 30 h old, and may be 26 h: a run was missed since Sun 22 Nov 03:00.
To do: See whether node and NAS were on then, and back it up now: homebackup run 102.

105 pihole: FAILED, was OK
Why: Its backup of Sun 22 Nov 04:00 failed: No space left.
To do: Make room on the NAS.

110 paperless: UNPROTECTED
Why: No job has it; nobody declared it.
To do: Put it into a tier of the site.

100 home-assistant (critical): gone, and no longer watched""",
    ),
    "new and well": (
        [told(verdict(111, "taken", "OK", "nobody declared it; job x takes it along", "declare it"))],
        "info",
        "home: 111 taken is new and has a backup",
        """\
111 taken: OK
Why: Nobody declared it; job x takes it along.
To do: Declare it.

All else is well.""",
    ),
}


@pytest.mark.parametrize(("each", "level", "title", "body"), MESSAGES.values(), ids=MESSAGES.keys())
def test_a_message(each: list[list[Verdict]], level: str, title: str, body: str) -> None:
    message = changed("home", looks(*each), each[-1], NOW + len(each) * 3 * HOUR)
    assert message is not None
    assert (message.level, message.title, message.body) == (level, title, body)


def test_nothing_changed_is_no_message() -> None:
    assert changed("home", looks(told(STALE), told(STALE)), told(STALE), NOW) is None


DIGESTS = {
    "all well": (
        [told()],
        "info",
        "home: all 3 backups are well",
        """\
Well:
100 home-assistant: 7 h ago
102 vaultwarden: 7 h ago, 5.0 GiB
105 pihole: 4 days ago

Deferred:
101 immich: VM stopped""",
    ),
    "as told before": (
        [told(STALE, FAILED), told(STALE, FAILED)],
        "warning",
        "home: 2 of 3 backups need you",
        """\
102 vaultwarden (critical): STALE, not well for 3 h
Why: Its newest archive is 30 h old, and may be 26 h: a run was missed since Sun 22 Nov 03:00.
To do: See whether node and NAS were on then, and back it up now: homebackup run 102.

105 pihole: FAILED, not well for 3 h
Why: Its backup of Sun 22 Nov 04:00 failed: No space left.
To do: Make room on the NAS.

Well:
100 home-assistant: 7 h ago

Deferred:
101 immich: VM stopped""",
    ),
    "the NAS is off": (
        [told(STALE), OFF],
        "info",
        "home: 3 of 3 backups cannot be seen",
        """\
100 home-assistant (critical), 105 pihole: UNKNOWN
Why: The NAS 10.0.0.150 does not answer.
To do: Switch it on.

102 vaultwarden (critical): UNKNOWN, last seen STALE, not well for 3 h
Why: The NAS 10.0.0.150 does not answer.
To do: Switch it on.

Deferred:
101 immich: VM stopped""",
    ),
}


@pytest.mark.parametrize(("each", "level", "title", "body"), DIGESTS.values(), ids=DIGESTS.keys())
def test_a_digest(each: list[list[Verdict]], level: str, title: str, body: str) -> None:
    at = NOW if len(each) == 1 else NOW + len(each) * 3 * HOUR
    message = digest("home", looks(*each), each[-1], at)
    shown = message.body.replace("13 h ago", "7 h ago")
    assert (message.level, message.title, shown) == (level, title, body)


def test_a_thousand_troubles_fit_a_message() -> None:
    many = [verdict(n, f"guest{n}", "FAILED", f"why {n} " * 9, "cure it") for n in range(200, 1200)]
    message = changed("home", looks(many), many, NOW)
    assert message is not None
    assert message.title == "home: 1000 backups need you, 4 gone"
    assert len(message.body) < LONGEST + 100
    assert message.body.endswith("parts); homebackup status has all of it.")


def test_a_name_of_somebody_else_does_nothing() -> None:
    odd = verdict(110, "a\x1b[31m\nb", "FAILED", "x\r\ny\x07", "cure\u202eit")
    message = changed("home", looks(told(odd)), told(odd), NOW)
    assert message is not None
    assert message.body.splitlines()[0] == "110 a [31m b: FAILED"
    assert not {"\x1b", "\r", "\x07", "\u202e"} & set(message.title + message.body)


def test_a_trial_says_who_will_tell() -> None:
    assert "pi will tell here" in trial("home", "pi").body


@pytest.mark.parametrize(
    ("verdicts", "signal", "said"),
    [
        (told(), "success", "all that is critical is well"),
        (told(FAILED), "success", "all that is critical is well"),
        (told(STALE), "fail", "critical and not well: 102 vaultwarden (STALE)"),
        (OFF, None, "critical and not to be seen: 100 home-assistant, 102 vaultwarden"),
        ([*OFF, STALE], "fail", "critical and not well: 102 vaultwarden (STALE)"),
        ([], "success", "all that is critical is well"),
    ],
)
def test_what_a_dead_man_check_hears(verdicts: list[Verdict], signal: str | None, said: str) -> None:
    assert heartbeat(verdicts) == (signal, said)
