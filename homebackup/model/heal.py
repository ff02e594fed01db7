"""The small systemd timer on the host that mounts again when the NAS has come back.

A mount that failed at boot is never retried, neither by systemd nor by mount(8). Every two minutes the timer looks,
without touching the directory, whether nothing is mounted and the NAS answers, and only then mounts.
"""

from homebackup.model.host_facts import HostFacts
from homebackup.model.steps import Step
from homebackup.model.systemd import unit_name
from homebackup.model.timer import RUNNING, WANTED, Timer

__all__ = ["RUNNING", "WANTED", "keeping", "name", "removing", "state", "timer", "units"]

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


def name(target: str) -> str:
    """The timer's unit name."""
    return "homebackup-heal-" + unit_name(target, "timer")


def timer(target: str, server: str) -> Timer:
    """The timer that watches over the mount of a server's export at `target`."""
    texts = {name(target).removesuffix(".timer") + ".service": _SERVICE, name(target): _TIMER}
    return Timer(name(target), {unit: text.format(target=target, server=server) for unit, text in texts.items()})


def units(target: str, server: str) -> dict[str, bytes]:
    """The unit files by their path: the service, then the timer."""
    return timer(target, server).files


def state(ground: HostFacts, target: str, server: str) -> str:
    """`running`, `missing`, or what is wrong with the timer."""
    return timer(target, server).state(ground)


def keeping(ground: HostFacts, target: str, server: str) -> list[Step]:
    """How to have the timer as declared and running; nothing when it is."""
    return timer(target, server).keeping(ground)


def removing(ground: HostFacts, target: str, server: str) -> list[Step]:
    """How to have no timer; nothing when there is none."""
    return timer(target, server).removing(ground)
