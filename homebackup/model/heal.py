"""The small systemd timer on the host that mounts again when the NAS has come back.

A mount that failed at boot is never retried, neither by systemd nor by mount(8). Every two minutes the timer looks,
without touching the directory, whether nothing is mounted and the NAS answers, and only then mounts.
"""

from homebackup.model.systemd import unit_name
from homebackup.model.timer import Timer

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


def timer(target: str, server: str) -> Timer:
    """The timer that watches over the mount of a server's export at `target`."""
    name = "homebackup-heal-" + unit_name(target, "timer")
    texts = {name.removesuffix(".timer") + ".service": _SERVICE, name: _TIMER}
    return Timer(name, {unit: text.format(target=target, server=server) for unit, text in texts.items()})
