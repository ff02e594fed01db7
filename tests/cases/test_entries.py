"""The verdicts on the inventory's entries: those of their guests and apps, unless their globs miss the archives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from homebackup.assess.account import account
from homebackup.assess.coverage import coverage
from homebackup.assess.entry import distinct, entries
from homebackup.assess.guest import verdicts
from homebackup.assess.verdict import Verdict, worst
from homebackup.model.backups.archive import Archive, Dump
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.seen import Unseen
from homebackup.model.site import Site
from homebackup.views import documents, table
from tests.cases.told_site import DAY, declared, troubled, well

APP = "app-home-assistant"
FIRST = "home-vm-100-ha-primary"


def judged(site: Site, facts: SiteFacts) -> tuple[Verdict, ...]:
    guests = verdicts(site, facts, coverage(site, facts))
    return guests + entries(site, facts, guests)


def by_name(site: Site, facts: SiteFacts) -> dict[str, Verdict]:
    return {verdict.name: verdict for verdict in judged(site, facts) if verdict.kind == "entry"}


def changed(facts: SiteFacts, **changes: str) -> SiteFacts:
    """The facts with other archives of guest 100."""
    (dump,) = facts.dumps.values()
    assert isinstance(dump, Dump)

    def other(archive: Archive) -> Archive:
        name = archive.name.replace(".vma.zst", changes.get("ending", ".vma.zst"))
        return replace(archive, name=name) if archive.vmid == 100 else archive

    return replace(facts, dumps={dump.storage: replace(dump, archives=tuple(map(other, dump.archives)))})


@pytest.mark.parametrize("make", [well, troubled])
def test_entries_stand_as_their_guests_and_apps(make: object) -> None:
    site = declared()
    facts = well(site) if make is well else troubled(site)
    every = judged(site, facts)
    states = {verdict.label: verdict.state for verdict in every if verdict.kind != "entry"}
    found = by_name(site, facts)
    assert [(entry.of, entry.state) for entry in found.values()] == [(e.of, states[e.of]) for e in found.values()]
    assert [entry.name for entry in site.entries()] == list(found)
    assert all(entry.same and entry.vmid is None for entry in found.values())


def test_an_app_whose_files_nobody_can_look_at_says_so_and_alarms_nobody() -> None:
    site = declared()
    entry = by_name(site, well(site))[APP]
    assert (entry.state, entry.of, entry.counted, entry.critical) == ("UNKNOWN", "app home-assistant", False, True)
    assert "its files are on nas, where nobody looks" in entry.said
    assert worst([entry]) == "well"


def test_a_glob_that_misses_the_archives_is_stale_though_the_guest_is_well() -> None:
    site = declared()
    facts = changed(well(site), ending=".vma.gz")
    assert next(verdict for verdict in judged(site, facts) if verdict.vmid == 100).state == "OK"
    entry = by_name(site, facts)[FIRST]
    assert (entry.state, entry.same, entry.newest, entry.archive) == ("STALE", False, None, "")
    assert entry.said.startswith(
        "no archive in /mnt/nas-backups/dump has a name like vzdump-qemu-100-*.vma.zst, though"
    )


def test_a_glob_that_matches_only_old_archives_is_stale_and_counts_from_those() -> None:
    site = declared()
    facts = well(site)
    (dump,) = facts.dumps.values()
    assert isinstance(dump, Dump)
    newest = max((a for a in dump.archives if a.vmid == 100), key=lambda archive: archive.time)
    for age, state in ((0, "STALE"), (DAY, "OK")):
        others = tuple(a for a in dump.archives if a is not newest)
        gz = replace(newest, name=newest.name.replace(".zst", ".gz"))
        mine = max((a for a in others if a.vmid == 100), key=lambda archive: archive.time)
        others = tuple(replace(a, time=a.time + age // 2) if a is mine else a for a in others)
        told = replace(facts, dumps={dump.storage: replace(dump, archives=(*others, gz))})
        entry = by_name(site, told)[FIRST]
        assert (entry.state, entry.same, entry.newest) == (state, False, mine.time + age // 2)


def test_archives_in_another_directory_are_not_those_of_the_entry() -> None:
    site = declared()
    facts = well(site)
    (dump,) = facts.dumps.values()
    assert isinstance(dump, Dump)
    there = replace(facts, dumps={dump.storage: replace(dump, folder="/mnt/nas-backups/old")})
    assert by_name(site, there)[FIRST].state == "STALE"
    over_api = replace(facts, dumps={dump.storage: replace(dump, folder="")})
    assert by_name(site, over_api)[FIRST].same
    off = replace(facts, dumps={dump.storage: Unseen("the NAS does not answer", "switch it on")})
    assert by_name(site, off)[FIRST].state == "UNKNOWN"


def test_all_are_in_the_document_and_the_screen_has_one_line_for_them() -> None:
    site = declared()
    told = account(site, well(site))
    assert told.verdicts == distinct(told.every)
    assert len(told.every) - len(told.verdicts) == len(site.entries()) == 6
    document = documents.status(site, told.facts, told.every, told.coverage)
    assert [verdict.name for verdict in document.verdicts if verdict.kind == "entry"] == [
        e.name for e in site.entries()
    ]
    text = table.status(site, told.facts, told.every, told.coverage)
    assert "inventory: 6 of 6 entries stand as the guest or app of the entry\n" in text
    assert FIRST not in text
    assert "8 verdicts" in text
    missed = account(site, changed(well(site), ending=".vma.gz"))
    text = table.status(site, missed.facts, missed.every, missed.coverage)
    assert f"STALE, critical: {FIRST}\n" in text
    assert "inventory: 5 of 6 entries" in text
    assert "9 verdicts" in text


def test_a_site_without_an_inventory_has_no_entries() -> None:
    site = declared(inventory=None)
    assert by_name(site, well(site)) == {}
    told = account(site, well(site))
    assert "inventory" not in table.status(site, told.facts, told.every, told.coverage)
