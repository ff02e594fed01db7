"""The runbook from facts alone: which archive is taken, what it needs, and that no name does anything to a shell."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from homebackup.assess.coverage import coverage
from homebackup.assess.guest import verdicts
from homebackup.assess.picking import Pick, pick, wanted
from homebackup.assess.rebuilding import reaching
from homebackup.assess.runbook import Need, chapters, needs, place
from homebackup.assess.verdict import Verdict
from homebackup.assess.verifying import Checked
from homebackup.model.backups import guest_config
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.drill import Drilled
from homebackup.model.backups.facts import SiteFacts, Space
from homebackup.model.backups.sample import Inside
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.views import runbook
from tests.cases.told_site import HOME, HOSTILE, declared, well

GIB = 1 << 30
GOOD, BAD, UNKNOWN = "good", "bad", "unknown"
MACHINE = """name: vm
net0: virtio=BC:24:11:00:01:02,bridge=vmbr0,tag=5
net1: e1000=BC:24:11:00:01:03,bridge=vmbr1,link_down=0
scsi0: local-lvm:vm-102-disk-0,size=32G
scsi1: slow:vm-102-disk-1,backup=0,size=500G
ide2: local:iso/debian.iso,media=cdrom,size=600M
#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:

[before]
scsi5: gone:vm-102-disk-9,size=1T
"""
CONTAINER = """hostname: ct
net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:01:05,ip=dhcp,type=veth
rootfs: local-zfs:subvol-105-disk-0,size=8G
mp0: local-zfs:subvol-105-disk-1,mp=/data,size=512M
mp1: /mnt/media,mp=/media
"""
INSIDE = {
    "qemu": Inside("qemu", MACHINE, 0, (("drive-scsi0", 32 * GIB),)),
    "lxc": Inside("lxc", CONTAINER, 0),
}
ROOMS = {"local-lvm": Space(100 * GIB, 0, 100 * GIB), "local-zfs": Space(GIB, 0, GIB)}


def guests(site: Site, facts: SiteFacts) -> list[Verdict]:
    return [one for one in verdicts(site, facts, coverage(site, facts)) if one.vmid is not None]


def good(archive: Archive) -> Checked:
    return Checked(archive, GOOD, holds=INSIDE[archive.kind])


def picks(site: Site, facts: SiteFacts) -> list[Pick]:
    looks: dict[str, Checked] = {}
    while some := wanted(facts, guests(site, facts), looks):
        looks |= {archive.name: good(archive) for archive in some}
    return [pick(facts, verdict, looks) for verdict in guests(site, facts)]


def text(site: Site, facts: SiteFacts) -> str:
    return runbook.markdown(site, facts, picks(site, facts), dict(ROOMS))


def test_the_same_facts_give_the_same_bytes() -> None:
    site = declared()
    assert text(site, well(site)) == text(declared(), well(declared()))
    later = replace(well(site), now=well(site).now + 60)
    assert text(site, later) == text(site, well(site))


def test_names_of_others_stay_text_and_words() -> None:
    names = {vmid: {**guest, "name": HOSTILE + "$(touch /x);'"} for vmid, guest in HOME["guests"].items()}
    site = declared(guests=names)
    facts = well(site, notes=HOSTILE)
    said = text(site, facts)
    tokens = MarkdownIt("commonmark").parse(said)
    kinds = [child.type for token in tokens for child in (token, *(token.children or ()))]
    assert not {"html_inline", "link_open", "image"} & set(kinds)
    assert kinds.count("html_block") == 1
    commands = re.findall(r"```sh\n(.*?)\n```", said, re.DOTALL)
    assert len(commands) > 20
    for command in commands:
        assert not {"$(touch", "<script>alert(1)</script>"} & set(shlex.split(command))
        assert "touch" not in command


def test_a_storage_or_export_of_any_name_is_quoted() -> None:
    strange = "/volume1/a b;reboot'`x`"
    site = declared(mount={**HOME["mount"], "export": strange})
    said = reaching(site)
    assert f"10.0.0.150:{strange}" in shlex.split(said[1])
    assert "reboot" not in said[1].replace(shlex.quote(f"10.0.0.150:{strange}"), "")


def archives(facts: SiteFacts, vmid: int) -> list[Archive]:
    (dump,) = [dump for dump in facts.dumps.values() if isinstance(dump, Dump)]
    return sorted((a for a in dump.archives if a.vmid == vmid), key=lambda a: -a.time)


def test_the_newest_good_one_is_taken_and_no_more_are_looked_at_than_it_takes() -> None:
    site = declared()
    facts = well(site)
    (verdict,) = [one for one in guests(site, facts) if one.vmid == 102]
    newest, second, third = archives(facts, 102)
    assert wanted(facts, [verdict], {}) == [newest]
    looks = {newest.name: Checked(newest, BAD, "it is cut")}
    assert wanted(facts, [verdict], looks) == [second]
    looks[second.name] = good(second)
    assert wanted(facts, [verdict], looks) == []
    chosen = pick(facts, verdict, looks)
    assert chosen.archive == second
    assert chosen.passed == (f"the archive {newest.name} is not taken: it is cut",)
    assert pick(facts, verdict, {third.name: good(third)}, third.name).archive == third
    looks = {one.name: Checked(one, BAD, "it is cut") for one in (newest, second, third)}
    assert pick(facts, verdict, looks) == Pick(verdict, passed=pick(facts, verdict, looks).passed)
    unknown = pick(facts, verdict, {newest.name: Checked(newest, UNKNOWN, "the NAS went away", "wait")})
    assert unknown.archive is None
    assert unknown.unseen == Unseen(f"{newest.name}: the NAS went away", "wait")


def test_what_it_needs_is_by_storage() -> None:
    site = declared()
    facts = replace(
        well(site),
        storages=(
            {"storage": "local-lvm", "content": "images,rootdir"},
            {"storage": "local-zfs", "content": "rootdir"},
            {"storage": "off", "content": "images,rootdir", "disable": 1},
        ),
    )
    machine, container = (next(one for one in picks(site, facts) if one.vmid == vmid) for vmid in (102, 105))
    assert place(machine, facts) == ""
    assert needs(machine, "", ROOMS) == (Need("local-lvm", 32 * GIB, 100 * GIB),)
    assert place(container, facts) == "local-zfs"
    (need,) = needs(container, "local-zfs", ROOMS)
    assert (need.most, need.fits) == (8 * GIB + (512 << 20), False)
    assert place(machine, facts, "other") == "other"
    (need,) = needs(machine, "other", ROOMS)
    assert isinstance(need.free, Unseen)
    assert need.fits
    gone = replace(facts, storages=({"storage": "new", "content": "images,rootdir"},))
    assert (place(machine, gone), place(container, gone)) == ("new", "new")
    assert "**That is too little: name another with --storage.**" in text(site, facts)


def test_a_guest_beside_the_old_one_is_unplugged_and_renewed() -> None:
    site = declared()
    facts = well(site)
    told = {chapter.pick.vmid: chapter for chapter in chapters(facts, picks(site, facts), ROOMS)}
    make, *unplug, start = told[102].beside
    assert shlex.split(make)[-1] == "--unique"
    assert unplug == [
        "qm set 9102 --net0 virtio,bridge=vmbr0,tag=5,link_down=1",
        "qm set 9102 --net1 e1000,bridge=vmbr1,link_down=1",
    ]
    assert start == "qm start 9102"
    assert told[102].instead[0] == "qm shutdown 102"
    assert "--force" in told[102].instead[1]
    assert "--unique" not in told[102].instead[1]


@pytest.mark.parametrize(
    ("network", "renewed", "unplugged"),
    [
        ("virtio=BC:24:11:00:01:02,bridge=vmbr0", False, "virtio=BC:24:11:00:01:02,bridge=vmbr0,link_down=1"),
        ("virtio=BC:24:11:00:01:02,bridge=vmbr0", True, "virtio,bridge=vmbr0,link_down=1"),
        ("model=virtio,macaddr=bc:24:11:00:01:02", True, "model=virtio,link_down=1"),
        ("name=eth0,hwaddr=BC:24:11:00:01:05,ip6=fd00::1/64", True, "name=eth0,ip6=fd00::1/64,link_down=1"),
        ("virtio=BC:24:11:00:01:02,link_down=0", True, "virtio,link_down=1"),
    ],
)
def test_a_cable_is_pulled(network: str, renewed: bool, unplugged: str) -> None:
    assert guest_config.unplugged(network, renewed=renewed) == unplugged


def test_disks_are_those_of_now_that_a_storage_holds() -> None:
    assert [(disk.name, disk.storage, disk.size) for disk in guest_config.disks(MACHINE)] == [
        ("scsi0", "local-lvm", 32 * GIB),
        ("scsi1", "slow", 500 * GIB),
    ]
    assert [(disk.name, disk.size) for disk in guest_config.disks(CONTAINER)] == [
        ("mp0", 512 << 20),
        ("rootfs", 8 * GIB),
    ]


def test_the_last_drill_of_a_guest_is_told() -> None:
    site = declared()
    facts = well(site)
    passed = Drilled(facts.now - 86400, 102, 9900, "old.vma.zst", 51.4, 9, ok=True, said="its guest agent answered")
    failed = Drilled(facts.now - 86400, 105, 9900, "bad.tar.zst", 2.0, 9, ok=False, said=f"it said {HOSTILE}")
    said = text(site, replace(facts, drilled=(passed, failed)))
    assert re.search(r"\n\nOn \w{3} \d\d \w{3} \d{4} old.vma.zst was restored in a drill within 51 s, and its gu", said)
    assert re.search(r"\n\nIts last drill, on \w{3} \d\d \w{3} \d{4} of bad.tar.zst, failed: it said ", said)
    tokens = MarkdownIt("commonmark").parse(said)
    kinds = [child.type for token in tokens for child in (token, *(token.children or ()))]
    assert not {"html_inline", "link_open", "image"} & set(kinds)
    assert "drill" not in text(site, facts)
