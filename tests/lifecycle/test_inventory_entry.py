"""An entry of the inventory through its life: made, changed field by field, changed by hand, taken over, removed."""

# ruff: noqa: ASYNC240 -- the files are small, and nobody else waits for this loop

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.declare import changes
from homebackup.resources import RESOURCES
from homebackup.world.errors import Refused
from homebackup.world.live_site import LiveSite
from tests.lifecycle.conftest import Bench, connection, declared
from tests.running_lab import Lab

FILE = "ops/backup.inventory.yaml"
NAME = "home-vm-100-ha-primary"
ENTRY = RESOURCES["InventoryEntry"]
DUMP = "/mnt/nas-backups/dump"
EXPORT = "10.0.0.150:/volume1/backups/proxmox_backups"
BASE: dict[str, Any] = {
    "file": FILE,
    "name": NAME,
    "enabled": "false",
    "host": "proxmox-home",
    "base_path": DUMP,
    "glob": "vzdump-qemu-100-*.vma.zst",
    "stale_after_hours": 26,
    "classification": "critical",
}
OWNERS = """\
# Everything that is backed up, shop and home.
version: 3
targets:
  - name: vm-200-docker-host-primary   # shop
    enabled: yes
    glob: 'vzdump-qemu-200-*.vma.zst'

# the end
"""
TEXT = """\
  - name: home-vm-100-ha-primary
    enabled: false
    kind: file_glob
    host: proxmox-home
    base_path: "/mnt/nas-backups/dump"
    glob: "vzdump-qemu-100-*.vma.zst"
    stale_after_hours: 26
    classification: critical
"""
WITH = OWNERS.replace("\n\n# the end", f"\n\n{TEXT}\n# the end")
CHANGES: dict[str, tuple[Any, str, str]] = {
    "enabled": (True, "enabled: false", "enabled: true"),
    "host": ("pve2", "host: proxmox-home", "host: pve2"),
    "base_path": ("/mnt/x", '"/mnt/nas-backups/dump"', '"/mnt/x"'),
    "glob": ("*", '"vzdump-qemu-100-*.vma.zst"', '"*"'),
    "stale_after_hours": (48, "hours: 26", "hours: 48"),
    "classification": ("important", ": critical", ": important"),
    "notes": ("Stopped: see #3", ": critical\n", ': critical\n    notes: "Stopped: see #3"\n'),
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """The owner's repository, with an inventory that has others' entries."""
    file = tmp_path / "repository" / FILE
    file.parent.mkdir(parents=True)
    file.write_text(OWNERS)
    return file


@pytest.fixture
async def bench(lab: Lab, repository: Path) -> AsyncIterator[Bench]:
    """The lab over ssh; paths count from the owner's repository."""
    site = LiveSite(connection(lab, "ssh"), repository.parents[1])
    yield Bench(lab, site, site)
    await site.close()


def of(bench: Bench, name: str = NAME) -> Lifecycle:
    return bench.of("InventoryEntry", f"{FILE}#{name}")


def differing(seen: Any, wanted: Any) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in changes(ENTRY, vars(seen), vars(wanted))}


async def made(bench: Bench, **more: Any) -> Any:
    """The entry, made."""
    return await of(bench).create(declared("InventoryEntry", BASE | more), preview=False)


async def test_a_preview_prints_the_change_of_the_file_and_leaves_it(bench: Bench, repository: Path) -> None:
    await of(bench).create(declared("InventoryEntry", BASE), preview=True)
    assert repository.read_text() == OWNERS
    assert f"edit {FILE} here" in bench.said[0]
    assert f"+   - name: {NAME}" in bench.said[0]
    assert bench.lab.requests("ssh") == [], "an entry that is not auto asks nobody"


async def test_made_read_and_deleted_leaves_every_other_byte(bench: Bench, repository: Path) -> None:
    new = declared("InventoryEntry", BASE)
    entry = await made(bench)
    assert repository.read_text() == WITH
    assert differing(entry, new) == {}
    assert differing(await of(bench).read(vars(entry)), new) == {}
    auto = declared("InventoryEntry", BASE | {"enabled": "auto"})
    assert differing(await of(bench).read({}), auto) == {}, "an import takes it for one that waits for its archive"
    await of(bench).update(vars(entry), new, preview=False)
    assert repository.read_text() == WITH
    await of(bench).delete(vars(entry))
    await of(bench).delete(vars(entry))
    assert repository.read_text() == OWNERS
    assert await of(bench).read(vars(entry)) is None


@pytest.mark.parametrize("field", CHANGES)
async def test_each_field_changed_and_changed_by_hand(bench: Bench, repository: Path, field: str) -> None:
    value, before, after = CHANGES[field]
    old = await made(bench)
    new = declared("InventoryEntry", BASE | {field: value})
    assert differing(await of(bench).update(vars(old), new, preview=False), new) == {}
    changed = WITH.replace(TEXT, TEXT.replace(before, after))
    assert repository.read_text() == changed

    repository.write_text(WITH + "# by hand\n")
    seen = await of(bench).read(vars(new))
    assert differing(seen, new) == {field: getattr(old, field)}
    assert differing(await of(bench).update(vars(seen), new, preview=False), new) == {}
    assert repository.read_text() == changed + "# by hand\n"

    seen = await of(bench).read(vars(new))
    await of(bench).update(vars(seen), old, preview=False)
    assert repository.read_text() == WITH + "# by hand\n", "what the program drops goes"


async def test_removed_by_hand_is_absent_and_made_again(bench: Bench, repository: Path) -> None:
    entry = await made(bench)
    repository.write_text(OWNERS)
    assert await of(bench).read(vars(entry)) is None
    await of(bench).update(vars(entry), entry, preview=False)
    assert repository.read_text() == WITH


async def test_an_equal_entry_is_taken_over_and_another_one_stops_with_the_import_line(
    bench: Bench, repository: Path
) -> None:
    theirs = WITH.replace("enabled: false", "enabled: no  # flip it later")
    repository.write_text(theirs)
    await made(bench)
    assert repository.read_text() == theirs
    with pytest.raises(Refused, match=f"host is proxmox-home, declared pve2.*{FILE}#{NAME}"):
        await made(bench, host="pve2")
    assert repository.read_text() == theirs


async def test_a_new_file_is_written_and_goes_with_its_last_entry(bench: Bench, repository: Path) -> None:
    repository.unlink()
    entry = await made(bench)
    assert repository.read_text().startswith(f"- name: {NAME}\n")
    await of(bench).delete(vars(entry))
    assert not repository.exists()


async def test_six_entries_at_once_do_not_starve_each_other(bench: Bench, repository: Path) -> None:
    names = [f"mine-{n}" for n in range(6)]
    entries = await asyncio.gather(
        *(of(bench, n).create(declared("InventoryEntry", BASE | {"name": n}), preview=False) for n in names)
    )
    assert [repository.read_text().count(f"- name: {name}\n") for name in names] == [1] * 6
    await asyncio.gather(*(of(bench, e.name).delete(vars(e)) for e in entries))
    assert repository.read_text() == OWNERS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("targets: [\n", "line 2, column 1: is no YAML"),
        ("- name: a\n\tenabled: true\n", "line 2, column 1: a tab"),
        ("- name: a\n- name: a\n", "line 2, column 3: 'a' is there already, in line 1"),
    ],
)
async def test_a_file_that_is_no_inventory_is_refused_and_left(
    bench: Bench, repository: Path, text: str, said: str
) -> None:
    repository.write_text(text)
    known = vars(declared("InventoryEntry", BASE))
    for act in (made(bench), of(bench).read(known), of(bench).delete(known)):
        with pytest.raises(Refused, match=f"{FILE}, {said}"):
            await act
    assert repository.read_text() == text


async def test_auto_is_flipped_by_the_first_archive_that_is_newer_and_good(bench: Bench, repository: Path) -> None:
    bench.lab.run(
        f"mkdir -p /mnt/nas-backups && echo '{EXPORT} /mnt/nas-backups nfs soft 0 0' >> /etc/fstab && "
        f"mount /mnt/nas-backups && mkdir -p {DUMP} && echo x > {DUMP}/vzdump-qemu-100-2020_01_01-03_00_00.vma.zst"
    )
    new = declared("InventoryEntry", BASE | {"enabled": "auto"})
    entry = await of(bench).create(new, preview=False)
    assert repository.read_text() == WITH, "false until the job has shown that it works"

    for name in (
        "vzdump-qemu-100-2019_12_31-03_00_00.vma.zst",  # older
        "vzdump-qemu-101-2020_01_02-03_00_00.vma.zst",  # of another guest
        "vzdump-qemu-100-2020_01_02-03_00_00.vma.dat",  # unfinished
        "vzdump-qemu-100-2099_01_02-03_00_00.vma.zst",  # to come
    ):
        bench.lab.run(f"echo x > {DUMP}/{name}")
    bench.lab.run(f"touch {DUMP}/vzdump-qemu-100-2020_01_02-04_00_00.vma.zst")  # empty
    entry = await again(bench, entry)
    assert differing(entry, new) == {}

    bench.lab.run(
        "pvesh create /storage --storage nas-backups --type dir --path /mnt/nas-backups --content backup && "
        "vzdump 100 --storage nas-backups --compress zstd"
    )
    newest = bench.lab.run(f"ls {DUMP} | grep -E '^vzdump-qemu-100-20[2-8].*zst$' | tail -n 1").strip()
    bench.lab.run(f"cd {DUMP}; cp {newest} whole; truncate -s $(( $(stat -c %s whole) / 2 )) {newest}")
    entry = await again(bench, entry)
    assert differing(entry, new) == {}, "what was cut short proves nothing"
    await of(bench).update(vars(entry), new, preview=False)
    assert repository.read_text() == WITH
    bench.lab.run(f"cd {DUMP}; cp whole {newest}; rm whole")
    bench.lab.control("/nas", {"power": "off"})
    assert differing(await again(bench, entry), new) == {}, "what is not known is no drift"
    assert "does not answer" in bench.said[-1]
    bench.lab.control("/nas", {"power": "on"})
    bench.lab.run("umount /mnt/nas-backups")
    assert differing(await again(bench, entry), new) == {}, "the directory underneath is another one"
    assert "nothing is mounted on /mnt/nas-backups" in bench.said[-1]
    bench.lab.run("mount /mnt/nas-backups")

    seen = await again(bench, entry)
    assert differing(seen, new) == {"enabled": "false"}
    await of(bench).update(vars(seen), new, preview=True)
    assert "+     enabled: true" in bench.said[-1]
    flipped = await of(bench).update(vars(seen), new, preview=False)
    assert repository.read_text() == WITH.replace("enabled: false", "enabled: true")
    assert differing(await again(bench, flipped), new) == {}

    repository.write_text(WITH)
    assert differing(await again(bench, flipped), new) == {"enabled": "false"}, "flipping back is drift"


async def again(bench: Bench, entry: Any) -> Any:
    """What a later run sees of it."""
    bench.site = LiveSite(bench.site.connection, bench.site.folder)
    try:
        return await of(bench).read(vars(entry))
    finally:
        await bench.site.host.close()
