"""Which archives serve nobody."""

from __future__ import annotations

from dataclasses import replace

from homebackup.assess.coverage import coverage
from homebackup.model.backups.archive import Dump
from tests.cases.told_site import declared, well

SITE = declared()
UNDECLARED = "vzdump-qemu-999-2026_11_01-03_00_00.vma.zst"


def test_the_archives_of_a_declared_guest_that_is_gone_are_what_it_is_restored_from() -> None:
    facts = well(SITE)
    dump = facts.dumps[SITE.storage.name]
    assert isinstance(dump, Dump)
    strange = replace(dump.archives[0], name=UNDECLARED, vmid=999)
    more = replace(dump, archives=(*dump.archives, strange))
    found = coverage(SITE, replace(facts, guests=(), dumps={SITE.storage.name: more}))
    assert [(one.name, one.why) for one in found.waste] == [(UNDECLARED, "deleted guest")]
