"""The small systemd timer on the host that mounts again when the NAS has come back.

A mount that failed at boot is never retried, neither by systemd nor by mount(8). Every two minutes the timer looks,
without touching the directory, whether nothing is mounted and the NAS answers, and only then mounts.
"""

from collections.abc import Mapping

from homebackup.model.host_facts import HostFacts
from homebackup.model.steps import Run, Step, Write
from homebackup.model.systemd import unit_name

_SERVICE = """\
# Kept by homebackup: mounts {target} when the NAS answers and nothing is mounted there.
[Unit]
Description=Mount {target} again when the NAS is back

[Service]
Type=oneshot
ExecCondition=/bin/sh -c '! findmnt --mountpoint {target} >/dev/null'
ExecCondition=/usr/bin/timeout 3 /bin/bash -c 'exec 3<>/dev/tcp/{server}/2049'
ExecStart=/usr/bin/timeout 60 /bin/mount {target}
"""
_TIMER = """\
# Kept by homebackup: looks every two minutes whether {target} has to be mounted again.
[Unit]
Description=Watch over {target}

[Timer]
OnCalendar=*:0/2
AccuracySec=10s

[Install]
WantedBy=timers.target
"""
WANTED = "/etc/systemd/system/timers.target.wants"
"""Where systemctl enables a timer; it leaves that to the kernel to write, and a power cut would undo it."""
STOPPING = 130.0
"""Seconds that systemd may take to stop the service: 90 until it is killed, and its mount lets go after that."""
RUNNING = "running"
"""State of a timer that is as declared."""


def name(target: str) -> str:
    """The timer's unit name."""
    return "homebackup-heal-" + unit_name(target, "timer")


def _service(target: str) -> str:
    return name(target).removesuffix(".timer") + ".service"


def units(target: str, server: str) -> dict[str, bytes]:
    """The unit files by their path: the service, then the timer."""
    values = {"target": target, "server": server}
    texts = {_service(target): _SERVICE, name(target): _TIMER}
    return {f"/etc/systemd/system/{unit}": text.format(**values).encode() for unit, text in texts.items()}


def state(ground: HostFacts, target: str, server: str) -> str:
    """`running`, `missing`, or what is wrong with the timer."""
    wanted = units(target, server)
    there = {path: ground.files[path] for path in wanted if path in ground.files}
    if not there:
        return "missing"
    if there != wanted:
        return "changed by hand"
    enabled, _, active = ground.timers.get(name(target), "").partition(", ")
    return "stopped" if active != "active" else RUNNING if enabled == "enabled" else "not started at boot"


def keeping(ground: HostFacts, target: str, server: str) -> list[Step]:
    """How to have the timer as declared and running; nothing when it is."""
    if state(ground, target, server) == RUNNING:
        return []
    return [
        *_writes(ground, units(target, server)),
        Run(("systemctl", "daemon-reload")),
        Run(("systemctl", "enable", "--now", name(target))),
        Run(("sync", WANTED)),
    ]


def removing(ground: HostFacts, target: str, server: str) -> list[Step]:
    """How to have no timer; nothing when there is none."""
    there = dict.fromkeys(path for path in units(target, server) if path in ground.files)
    if not there:
        return []
    # With the timer's own file gone, systemctl has nothing to disable; exit code 5: it knows no such service.
    accept = frozenset({0} if any(path.endswith(".timer") for path in there) else {0, 1})
    return [
        Run(("systemctl", "disable", "--now", name(target)), accept=accept),
        # It may be in the middle of the very mount whose line is about to go.
        Run(("systemctl", "stop", _service(target)), timeout=STOPPING, accept=frozenset({0, 5})),
        *_writes(ground, there),
        Run(("systemctl", "daemon-reload")),
    ]


def _writes(ground: HostFacts, wanted: Mapping[str, bytes | None]) -> list[Write]:
    return [
        Write(path, ground.files.get(path), content)
        for path, content in wanted.items()
        if ground.files.get(path) != content
    ]
