"""How long a process waits for an NFS server that does not answer (measured on Linux 6.1, soft mounts)."""

from lab.node.mounts import Mount

STEPS = {"df": 3.0, "touch": 4.0, "dd": 2.0, "umount": 2.0, "findmnt": 3.4, "stat": 1.0, "ls": 1.0, "test": 1.0}
"""Major timeouts that one run of a command sits through; a command not named sits through one."""
FOR_EVER = 10.0**9


def step_seconds(mount: Mount) -> float:
    """Seconds of one major timeout: timeo tenths, retrans + 1 times, since every retry waits as long again over TCP.

    15 s four times was measured as 60 to 62 s. A hard mount never gives up.
    """
    if mount.option("soft") is None:
        return FOR_EVER
    timeo, retrans = int(mount.option("timeo") or 600), int(mount.option("retrans") or 2)
    return timeo / 10 * (retrans + 1) * 1.04
