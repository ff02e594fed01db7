"""Twelve weeks of autumn and winter, with the end of summer time in them: what happens, and what is to be told of it.

Looks are taken at twenty past each hour. Jobs: 100 and 102 at 03:00, 103 at 03:15, 101 and 105 on Sundays at 04:00,
104 at 02:30. A run that left nothing is late after what it usually takes, here some seconds, and a quarter of an hour;
100, 102, 103 and 104 may be 26 hours old, 101 and 105 a week.
"""

from __future__ import annotations

import asyncio

from tests.simulate.deeds import (
    Deed,
    declare,
    full,
    make_job,
    nas,
    no_room_for,
    not_deferred,
    power_cut,
    power_off,
    room_again,
    shell,
    shorten,
)
from tests.simulate.play import Scenario, Score, play

P0, P1, P2 = "backup-home-p0-daily", "backup-home-p1-daily", "backup-home-p2-weekly"
P3 = {
    "job": "backup-home-p3",
    "guests": [104],
    "schedule": "02:30",
    "retention": {"keep-last": 3},
    "tmpdir": "/var/tmp",
}
DISK_102 = "local-lvm:102/vm-102-disk-0.raw,size=1M"
FUTURE = "vzdump-qemu-100-2027_05_01-03_00_00.vma.zst"
DATA_103 = "/var/lib/local-lvm/images/103/subvol-103-disk-0.subvol/srv/data"

HAPPENS: tuple[tuple[str, Deed], ...] = (
    # A guest is stopped for a day and a half.
    ("Thu 08 Oct 09:00", shell("pct stop 103")),
    ("Fri 09 Oct 18:00", shell("pct start 103")),
    # The NAS is off for an afternoon.
    ("Fri 09 Oct 14:05", nas(on=False)),
    ("Fri 09 Oct 17:05", nas(on=True)),
    # One guest of a job fails, as its disk is missing.
    ("Mon 12 Oct 22:00", shell("cd /var/lib/local-lvm/images/102; mv vm-102-disk-0.raw away")),
    ("Tue 13 Oct 08:00", shell("cd /var/lib/local-lvm/images/102; mv away vm-102-disk-0.raw")),
    # The NAS is off over a night.
    ("Wed 14 Oct 22:05", nas(on=False)),
    ("Thu 15 Oct 07:05", nas(on=True)),
    # A new guest appears, that its owner declares four days later.
    ("Fri 16 Oct 10:00", shell("pct restore 104 $(ls {DUMP}/vzdump-lxc-105-*.zst | tail -n 1) --storage local-lvm")),
    (
        "Tue 20 Oct 09:00",
        declare("guests", "104", {"kind": "lxc", "name": "new", "classification": "critical", "stale-after-hours": 26}),
    ),
    (
        "Tue 20 Oct 09:00",
        declare("tiers", "p3", P3),
    ),
    ("Tue 20 Oct 09:00", make_job("p3")),
    # Somebody takes a guest out of its job for an afternoon, and deletes every archive of another.
    ("Thu 22 Oct 10:00", shell(f"pvesh set /cluster/backup/{P0} --vmid 100")),
    ("Thu 22 Oct 16:00", shell(f"pvesh set /cluster/backup/{P0} --vmid 100,102")),
    ("Mon 26 Oct 10:00", shell("rm {DUMP}/vzdump-lxc-103-*")),
    # Archives are emptied and cut off; a guest loses most of its files, and gets them back.
    ("Tue 27 Oct 10:00", shorten(100, 0)),
    ("Thu 29 Oct 10:00", shorten(102, 0.7)),
    ("Sat 31 Oct 10:00", shell(f"mv {DATA_103} /root/data")),
    ("Sun 01 Nov 12:00", shell(f"mv /root/data {DATA_103}")),
    # The power fails in a backup.
    ("Tue 03 Nov 02:59", power_cut(100, after=62, seconds=200)),
    # Somebody unmounts the NAS when the first job of the night begins, and disables the storage in another night.
    ("Thu 05 Nov 02:50", shell("umount /mnt/nas-backups")),
    ("Thu 05 Nov 03:10", shell("mount /mnt/nas-backups")),
    ("Sat 07 Nov 02:50", shell("pvesm set nas-backups --disable 1")),
    ("Sat 07 Nov 09:00", shell("pvesm set nas-backups --disable 0")),
    # One guest of the weekly job fails.
    ("Sun 08 Nov 03:50", no_room_for("*/vzdump-lxc-105-*")),
    ("Sun 08 Nov 08:00", room_again),
    # A job is disabled by hand for two days.
    ("Tue 10 Nov 10:00", shell(f"pvesh set /cluster/backup/{P0} --enabled 0")),
    ("Thu 12 Nov 10:00", shell(f"pvesh set /cluster/backup/{P0} --enabled 1")),
    # The NAS is off for a week.
    ("Mon 16 Nov 09:05", nas(on=False)),
    ("Mon 23 Nov 09:05", nas(on=True)),
    # A guest is deferred and taken out of its job for a week.
    ("Sat 28 Nov 10:00", declare("guests", "101", {"deferred": "it moves to another host"})),
    ("Sat 28 Nov 10:00", declare("tiers", "p2", {"guests": [105]})),
    ("Sat 28 Nov 10:00", shell(f"pvesh set /cluster/backup/{P2} --vmid 105")),
    ("Sat 05 Dec 10:00", not_deferred("101")),
    ("Sat 05 Dec 10:00", declare("tiers", "p2", {"guests": [101, 105]})),
    ("Sat 05 Dec 10:00", shell(f"pvesh set /cluster/backup/{P2} --vmid 101,105")),
    # The NAS is on, but not mounted, for a day and a night.
    ("Mon 30 Nov 09:00", shell("umount /mnt/nas-backups")),
    ("Tue 01 Dec 12:00", shell("mount /mnt/nas-backups")),
    # The disk of a machine is taken out of its backup.
    ("Wed 02 Dec 15:00", shell(f"qm set 102 --scsi0 {DISK_102},backup=0")),
    ("Fri 04 Dec 15:00", shell(f"qm set 102 --scsi0 {DISK_102}")),
    # Somebody lets a daily job run on Saturdays only.
    ("Wed 09 Dec 10:00", shell(f"pvesh set /cluster/backup/{P1} --schedule 'sat 03:15'")),
    ("Fri 11 Dec 10:00", shell(f"pvesh set /cluster/backup/{P1} --schedule 03:15")),
    # A guest is removed; its owner takes it out of the site six days later.
    ("Tue 08 Dec 11:00", shell("pct stop 105; pct destroy 105")),
    ("Mon 14 Dec 11:00", declare("tiers", "p2", {"guests": [101]})),
    ("Mon 14 Dec 11:00", declare("guests", "105", None)),
    ("Mon 14 Dec 11:00", shell(f"pvesh set /cluster/backup/{P2} --vmid 101")),
    # Somebody copies an archive to a name of the future.
    ("Tue 15 Dec 10:00", shell(f"cd {{DUMP}}; cp $(ls vzdump-qemu-100-*.zst | tail -n 1) {FUTURE}")),
    ("Wed 16 Dec 10:00", shell(f"rm {{DUMP}}/{FUTURE}")),
    # The NAS is full for a night.
    ("Thu 17 Dec 23:00", full(is_full=True)),
    ("Fri 18 Dec 08:00", full(is_full=False)),
    # A job is deleted by hand, and made again by the next `pulumi up`.
    ("Sun 20 Dec 12:00", shell(f"pvesh delete /cluster/backup/{P1}")),
    ("Mon 21 Dec 18:00", make_job("p1")),
    # Somebody backs a guest up at noon; in the next night the node is off while the first two jobs are due.
    ("Tue 22 Dec 12:00", shell("vzdump 102 --storage nas-backups --compress zstd")),
    ("Wed 23 Dec 02:50", power_off(28 * 60)),
)

OUGHT = """
*           | Mon 05 Oct 12:00 | Tue 29 Dec 00:00 | OK          | every run left an archive
100,102,103 | Mon 05 Oct 12:00 | Tue 06 Oct 03:00 | STALE       | there is no archive before the first run
101,105     | Mon 05 Oct 12:00 | Sun 11 Oct 04:00 | STALE       | there is no archive before the first run
*           | Fri 09 Oct 14:05 | Fri 09 Oct 17:05 | UNKNOWN     | the NAS is off
102         | Tue 13 Oct 03:00 | Wed 14 Oct 03:00 | FAILED      | its disk was missing in the night
100,102,103 | Thu 15 Oct 03:00 | Fri 16 Oct 03:00 | FAILED      | the NAS was off in the night
*           | Wed 14 Oct 22:05 | Thu 15 Oct 07:05 | UNKNOWN     | the NAS is off
104         | Mon 05 Oct 12:00 | Fri 16 Oct 10:00 | -           | it does not exist yet
104         | Fri 16 Oct 10:00 | Tue 20 Oct 09:00 | uncovered   | nobody declared it, and no job has it
104         | Tue 20 Oct 09:00 | Wed 21 Oct 02:30 | STALE       | there is no archive before the first run
102         | Thu 22 Oct 10:00 | Thu 22 Oct 16:00 | UNPROTECTED | no job has it
103         | Mon 26 Oct 10:00 | Tue 27 Oct 03:15 | STALE       | its archives were deleted
101,105     | Sun 25 Oct 03:00 | Sun 25 Oct 04:00 | STALE       | the hour that came twice makes the week too long
100         | Tue 27 Oct 10:00 | Wed 28 Oct 03:00 | BROKEN      | its archive was emptied
102         | Thu 29 Oct 10:00 | Fri 30 Oct 03:00 | BROKEN      | its archive lost its end
103         | Sun 01 Nov 03:15 | Mon 02 Nov 03:15 | BROKEN      | its archive is half as big as those before
100         | Tue 03 Nov 03:00 | Wed 04 Nov 03:00 | BROKEN      | its backup was cut off by the power cut
102         | Tue 03 Nov 03:00 | Wed 04 Nov 03:00 | FAILED      | the power cut ended its task before its turn
100,102     | Thu 05 Nov 03:00 | Fri 06 Nov 03:00 | FAILED      | the NAS was not mounted when the task began
100,102,103 | Sat 07 Nov 03:00 | Sun 08 Nov 03:00 | FAILED      | the storage was disabled
104         | Sat 07 Nov 02:50 | Sun 08 Nov 02:30 | OK          | its run was over before the storage was disabled
105         | Sun 08 Nov 04:00 | Sun 15 Nov 04:00 | FAILED      | there was no room for its archive
100,102     | Tue 10 Nov 10:00 | Thu 12 Nov 10:00 | UNPROTECTED | its job is disabled
100,102     | Thu 12 Nov 10:00 | Fri 13 Nov 03:00 | STALE       | the disabled job did not run for two nights
100,102,103 | Tue 17 Nov 03:00 | Tue 24 Nov 03:00 | FAILED      | the NAS was off in the last night
104         | Tue 17 Nov 02:30 | Tue 24 Nov 02:30 | FAILED      | the NAS was off in the last night
101,105     | Sun 22 Nov 04:00 | Sun 29 Nov 04:00 | FAILED      | the NAS was off on its Sunday
*           | Mon 16 Nov 09:05 | Mon 23 Nov 09:05 | UNKNOWN     | the NAS is off
101         | Sat 05 Dec 10:00 | Sun 06 Dec 04:00 | FAILED      | its last run found the NAS off
100,102,103 | Tue 01 Dec 03:00 | Wed 02 Dec 03:00 | FAILED      | the NAS was not mounted in the night
104         | Tue 01 Dec 02:30 | Wed 02 Dec 02:30 | FAILED      | the NAS was not mounted in the night
*           | Mon 30 Nov 09:00 | Tue 01 Dec 12:00 | UNKNOWN     | nothing is mounted where the archives are
101         | Sat 28 Nov 10:00 | Sat 05 Dec 10:00 | DEFERRED    | its owner deferred it
102         | Wed 02 Dec 15:00 | Fri 04 Dec 15:00 | UNPROTECTED | its only disk is left out of the backup
102         | Fri 04 Dec 15:00 | Sat 05 Dec 03:00 | BROKEN      | its newest archive holds no disk
103         | Thu 10 Dec 05:15 | Fri 11 Dec 10:00 | STALE       | its job does not run often enough
103         | Fri 11 Dec 10:00 | Sat 12 Dec 03:15 | STALE       | its job did not run for two nights
105         | Tue 08 Dec 11:00 | Mon 14 Dec 11:00 | DEFERRED    | it is not in the cluster any more
105         | Mon 14 Dec 11:00 | Tue 29 Dec 00:00 | -           | neither cluster nor site has it
100,102,103 | Fri 18 Dec 03:00 | Sat 19 Dec 03:00 | FAILED      | the NAS was full
104         | Fri 18 Dec 02:30 | Sat 19 Dec 02:30 | FAILED      | the NAS was full
103         | Sun 20 Dec 12:00 | Mon 21 Dec 18:00 | UNPROTECTED | its job was deleted
103         | Mon 21 Dec 18:00 | Tue 22 Dec 03:15 | STALE       | the deleted job did not run
100,102     | Wed 23 Dec 03:16 | Thu 24 Dec 03:00 | LATE        | the node was off when its run was due
100         | Wed 23 Dec 05:00 | Thu 24 Dec 03:00 | STALE       | its archive of Tuesday is too old
102         | Wed 23 Dec 14:00 | Thu 24 Dec 03:00 | STALE       | its archive of Tuesday noon is too old
103         | Wed 23 Dec 03:31 | Thu 24 Dec 03:15 | LATE        | the node was off when its run was due
103         | Wed 23 Dec 05:15 | Thu 24 Dec 03:15 | STALE       | its archive of Tuesday is too old
"""

AUTUMN = Scenario(
    year=2026,
    zone="Europe/Berlin",
    first="Mon 05 Oct 12:20",
    hours=12 * 7 * 24,
    guests=frozenset((100, 101, 102, 103, 104, 105)),
    happens=HAPPENS,
    ought=OUGHT,
)


def of_player(player: int, players: int) -> Score:
    """What one of the players of the autumn sees."""
    return asyncio.run(play(AUTUMN, player, players))
