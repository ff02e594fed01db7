"""The files of /proc, made when they are read."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.node.machine import Machine


def provide(machine: "Machine") -> None:
    """Put /proc's files in place for a machine that has just booted."""
    root, boot_id = machine.root, str(uuid.uuid4())

    def uptime() -> str:
        passed = max(0.0, machine.clock.now() - machine.booted)
        return f"{passed:.2f} {passed * 15:.2f}\n"

    producers: dict[str, Callable[[], str]] = {
        "/proc/self/mounts": lambda: "".join(m.proc_mounts() for m in root.mounts),
        "/proc/self/mountinfo": lambda: "".join(m.mountinfo() for m in root.mounts),
        "/proc/uptime": uptime,
        "/proc/loadavg": lambda: "0.08 0.03 0.01 1/312 4242\n",
        "/proc/version": lambda: "Linux version 6.8.12-10-pve (build@proxmox) #1 SMP PREEMPT_DYNAMIC\n",
        "/proc/meminfo": lambda: (
            "MemTotal:       28074680 kB\nMemFree:        14037340 kB\nMemAvailable:   20015280 kB\n"
        ),
        "/proc/filesystems": lambda: "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\n\text4\nnodev\tnfs\nnodev\tnfs4\n",
        "/proc/sys/kernel/random/boot_id": lambda: boot_id + "\n",
        "/proc/sys/kernel/hostname": lambda: machine.hostname + "\n",
    }
    for path, producer in producers.items():
        if not root.exists(path.rpartition("/")[0]):
            root.mkdir(path.rpartition("/")[0], True)
        root.generated.pop(path, None)
        if not root.exists(path):
            root.write(path, b"")
        root.generated[path] = _encoded(producer)


def _encoded(producer: Callable[[], str]) -> Callable[[], bytes]:
    return lambda: producer().encode("utf-8", "surrogateescape")
