"""Two runs at once, and a person who changes things between our look and our write: nothing is overwritten blindly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from homebackup.engine.lifecycle import TRIES, Lifecycle
from homebackup.model.declare import changes, check
from homebackup.resources import RESOURCES
from homebackup.world.errors import Changed, Failed, Refused
from tests.faults.house import House
from tests.faults.scenes import EXPORT, NAS, OTHER, TARGET, job, mount, storage

LINE = f"{NAS}:{EXPORT} {TARGET} nfs defaults,soft,timeo=150,retrans=3,x-systemd.requires=network-online.target 0 0"


def declared(kind: str, values: dict[str, Any]) -> Any:
    inputs, wrong = check(RESOURCES[kind], values)
    assert not wrong, wrong
    return RESOURCES[kind](**inputs)


class Run:
    """One run of the program on a house; `meanwhile` happens right before its first step."""

    def __init__(self, house: House, meanwhile: Callable[[], Awaitable[object]] | None = None, at: int = 1) -> None:
        async def around(work: Awaitable[Any]) -> Any:
            if meanwhile is not None:
                await meanwhile()
            return await work

        self.site = house.site("https", at, around)
        self.said: list[str] = []

    def of(self, kind: str, values: dict[str, Any]) -> Lifecycle:
        cls = RESOURCES[kind]
        return Lifecycle(self.site, cls, str(values.get(cls.key.name, cls.key.default)), self.said.append)

    async def create(self, kind: str, values: dict[str, Any]) -> Any:
        return await self.of(kind, values).create(declared(kind, values), preview=False)

    async def update(self, kind: str, old: Any, values: dict[str, Any]) -> Any:
        return await self.of(kind, values).update(vars(old), declared(kind, values), preview=False)

    async def read(self, kind: str, values: dict[str, Any]) -> Any:
        return await self.of(kind, values).read(vars(declared(kind, values)), fresh=True)


async def text(house: House, path: str) -> str:
    return (await house.shell(f"cat {path}")).decode("utf-8", "surrogateescape")


async def test_the_same_mount_declared_twice_at_once_is_one_line(house: House) -> None:
    before = await text(house, "/etc/fstab")
    ends = await asyncio.gather(*(Run(house).create("NfsMount", mount()) for _ in range(2)), return_exceptions=True)
    assert all(not isinstance(end, BaseException) or isinstance(end, Changed) for end in ends), ends
    assert any(not isinstance(end, BaseException) for end in ends), ends
    assert await text(house, "/etc/fstab") == f"{before}{LINE}\n"
    made = await Run(house).create("NfsMount", mount())
    assert changes(RESOURCES["NfsMount"], vars(made), vars(declared("NfsMount", mount()))) == {}


async def test_two_mounts_made_at_once_both_get_their_line(house: House) -> None:
    before = await text(house, "/etc/fstab")
    both = [mount(), mount(target="/mnt/other", export=OTHER)]
    await asyncio.gather(*(Run(house).create("NfsMount", values) for values in both))
    after = await text(house, "/etc/fstab")
    assert after.startswith(before)
    assert sorted(line.split()[1] for line in after[len(before) :].splitlines()) == [TARGET, "/mnt/other"]


async def test_two_mounts_of_one_run_and_defaults_beside_them_are_made(house: House) -> None:
    run, other = Run(house), mount(target="/mnt/other", export=OTHER)
    declarations = [("NfsMount", mount()), ("NfsMount", other), ("VzdumpDefaults", {"ionice": 7})]
    made = await asyncio.gather(*(run.create(kind, values) for kind, values in declarations))
    for (kind, values), seen in zip(declarations, made, strict=True):
        assert changes(RESOURCES[kind], vars(seen), vars(declared(kind, values))) == {}
    mounts = await text(house, "/proc/mounts")
    assert all(f" {target} " in mounts for target in (TARGET, "/mnt/other"))


async def test_defaults_set_by_two_runs_at_once_are_all_there(house: House) -> None:
    told: list[dict[str, Any]] = [{"tmpdir": "/var/tmp"}, {"ionice": 7}, {"lockwait": 30}]
    await asyncio.gather(*(Run(house).create("VzdumpDefaults", values) for values in told))
    lines = (await text(house, "/etc/vzdump.conf")).splitlines()
    assert {"tmpdir: /var/tmp", "ionice: 7", "lockwait: 30"} <= set(lines)


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
async def test_fstab_edited_while_a_mount_is_made_keeps_the_edit(house: House, at: int) -> None:
    edit = "printf '# mine\\r\\n/dev/sdz /srv/z ext4 noauto' >> /etc/fstab"
    run = Run(house, lambda: house.shell(edit), at)
    with contextlib.suppress(Changed):
        await run.create("NfsMount", mount())
    await Run(house).create("NfsMount", mount())
    lines = (await text(house, "/etc/fstab")).split("\n")
    assert lines.count(LINE) == 1
    assert "# mine\r" in lines
    assert "/dev/sdz /srv/z ext4 noauto" in lines


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
async def test_fstab_edited_while_a_mount_fails_keeps_the_edit_and_not_our_line(house: House, at: int) -> None:
    before = await text(house, "/etc/fstab")
    run = Run(house, lambda: house.shell("printf '# mine\\n' >> /etc/fstab"), at)
    with pytest.raises(Failed, match="what had been done was taken back"):
        await run.create("NfsMount", mount(export="/volume1/not-exported"))
    assert len(run.site.moments) > at
    assert await text(house, "/etc/fstab") == f"{before}# mine\n"
    assert run.said == []


async def test_our_line_edited_while_its_mount_fails_is_left_and_said(house: House) -> None:
    run = Run(house, lambda: house.shell("sed -i s/timeo=150/timeo=77/ /etc/fstab"), 5)
    with pytest.raises(Failed):
        await run.create("NfsMount", mount(export="/volume1/not-exported"))
    assert "timeo=77" in await text(house, "/etc/fstab")
    assert any("could not be put back as it was" in said for said in run.said)


async def test_a_mount_that_fails_beside_one_that_is_made_leaves_no_line(house: House) -> None:
    run = Run(house)
    ends = await asyncio.gather(
        run.create("NfsMount", mount(export="/volume1/not-exported")),
        run.create("NfsMount", mount(target="/mnt/other", export=OTHER)),
        return_exceptions=True,
    )
    assert isinstance(ends[0], Failed)
    assert not isinstance(ends[1], BaseException)
    lines = (await text(house, "/etc/fstab")).splitlines()
    assert [line.split()[1] for line in lines if ":/volume1" in line] == ["/mnt/other"]


async def test_more_storages_of_one_run_than_tries_are_all_changed(house: House) -> None:
    run, names = Run(house), [f"s{number}" for number in range(2 * TRIES)]
    made = await asyncio.gather(*(run.create("DirStorage", storage(storage=name)) for name in names))
    wanted = [storage(storage=name, content=["iso"]) for name in names]
    await asyncio.gather(*(run.update("DirStorage", old, new) for old, new in zip(made, wanted, strict=True)))
    said = await text(house, "/etc/pve/storage.cfg")
    assert [said.partition(f"dir: {name}\n")[2].partition("dir:")[0].count("content iso") for name in names] == [
        1
    ] * len(names)


async def test_our_line_edited_while_options_change_stops_the_run(house: House) -> None:
    made = await Run(house).create("NfsMount", mount())
    edited = LINE.replace("timeo=150", "timeo=77")
    run = Run(house, lambda: house.shell("sed -i s/timeo=150/timeo=77/ /etc/fstab"))
    with pytest.raises(Changed, match=r"changed meanwhile by somebody else: options was .*timeo=150.*, is .*timeo=77"):
        await run.update("NfsMount", made, mount(options=["soft", "timeo=300"]))
    assert edited in await text(house, "/etc/fstab")


async def test_another_storage_changed_meanwhile_is_no_matter(house: House) -> None:
    made = await Run(house).create("DirStorage", storage())
    run = Run(house, lambda: house.shell("pvesh set /storage/local --content iso"))
    await run.update("DirStorage", made, storage(content=["backup", "iso"]))
    said = await text(house, "/etc/pve/storage.cfg")
    assert "dir: local\n\tpath /var/lib/vz\n\tcontent iso\n" in said
    assert (await Run(house).read("DirStorage", storage())).content == frozenset({"backup", "iso"})


async def test_our_own_storage_changed_meanwhile_stops_the_run(house: House) -> None:
    made = await Run(house).create("DirStorage", storage())
    run = Run(house, lambda: house.shell("pvesh set /storage/nas-backups --content rootdir"))
    with pytest.raises(Changed, match="changed meanwhile by somebody else: content was backup, is rootdir;"):
        await run.update("DirStorage", made, storage(content=["iso"]))
    assert "\tcontent rootdir\n" in await text(house, "/etc/pve/storage.cfg")


async def test_our_own_job_changed_before_the_look_stops_the_run(house: House) -> None:
    made = await Run(house).create("VzdumpJob", job())
    run = Run(house, lambda: house.shell("pvesh set /cluster/backup/backup-one --schedule 07:00"), at=0)
    with pytest.raises(Changed, match=r"changed meanwhile by somebody else: schedule was .*3:00, is .*7:00;"):
        await run.update("VzdumpJob", made, job(schedule="05:00"))
    assert "\tschedule 07:00\n" in await text(house, "/etc/pve/jobs.cfg")


async def test_another_option_of_our_job_set_after_the_look_stays_and_is_said(house: House) -> None:
    """Proxmox VE takes no digest for jobs: only what is sent is written, and what is there is compared afterwards."""
    made = await Run(house).create("VzdumpJob", job())
    run = Run(house, lambda: house.shell("pvesh set /cluster/backup/backup-one --mode stop"))
    with pytest.raises(Refused, match="it is still not as declared: mode is stop, declared not set"):
        await run.update("VzdumpJob", made, job(enabled=False))
    assert "\tmode stop\n" in await text(house, "/etc/pve/jobs.cfg")


@pytest.mark.parametrize(
    ("kind", "values", "theirs", "seen"),
    [
        ("VzdumpJob", job(), "create /cluster/backup --id backup-one --vmid 105 --schedule 09:00", "vmid 105"),
        ("DirStorage", storage(), "create /storage --storage nas-backups --type dir --path /srv/it", "path /srv/it"),
    ],
)
async def test_a_section_made_by_somebody_meanwhile_is_not_taken_over(
    house: House, kind: str, values: dict[str, Any], theirs: str, seen: str
) -> None:
    run = Run(house, lambda: house.shell(f"pvesh {theirs}"))
    with pytest.raises(Refused):
        await run.create(kind, values)
    assert f"\t{seen}\n" in await text(house, "/etc/pve/jobs.cfg") + await text(house, "/etc/pve/storage.cfg")


async def test_many_jobs_changed_at_once_all_end_as_declared(house: House) -> None:
    """Each write changes the digest of the file, so that the others have to look again."""
    names = [f"backup-{number}" for number in range(4)]
    made = await asyncio.gather(*(Run(house).create("VzdumpJob", job(job=name)) for name in names))
    wanted = [job(job=name, schedule=f"0{number + 4}:30") for number, name in enumerate(names)]
    ends = await asyncio.gather(
        *(Run(house).update("VzdumpJob", old, new) for old, new in zip(made, wanted, strict=True))
    )
    assert [end.schedule for end in ends] == [new["schedule"] for new in wanted]
