"""The report as a page and as Markdown: what it says, that names stay text, the same bytes for the same facts."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from homebackup.assess.account import Account, account
from homebackup.assess.restoring import restores
from homebackup.assess.sizes import MOST, sizes
from homebackup.model.backups.archive import Dump
from homebackup.model.backups.drill import Drilled
from homebackup.model.backups.facts import Guest, SiteFacts
from homebackup.model.backups.task import GuestRun, Task
from homebackup.model.seen import Unseen
from homebackup.views import page
from tests.cases.told_site import DAY, HOSTILE, TAUNT, declared, hostile, troubled, well

OFF = Unseen("the NAS 10.0.0.150 does not answer", "switch it on")


def nothing_seen() -> Account:
    site = declared()
    facts = SiteFacts(
        1.0e9, "UTC", "ssh", None, OFF, OFF, OFF, OFF, {site.storage.name: OFF}, {site.storage.name: OFF}, OFF, {}
    )
    return account(site, facts)


ALL = {
    "well": lambda: account(declared(), well(declared())),
    "troubled": lambda: account(declared(), troubled(declared())),
    "hostile": hostile,
    "nothing seen": nothing_seen,
}
EVERY = pytest.mark.parametrize("make", ALL.values(), ids=ALL.keys())
VOID = {"meta", "link", "br", "img", "input", "hr", "rect", "path", "circle", "polyline", "polygon"}


class Read(HTMLParser):
    """A page as a browser takes it apart: its tags with their attributes, and its text outside of styles."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    @property
    def names(self) -> set[str]:
        return {tag for tag, _ in self.tags}


@EVERY
def test_the_page_is_whole_and_asks_nobody_for_anything(make: Any) -> None:
    html = page.html(make())
    read = Read(html)
    assert read.open == []
    assert not read.names & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    attributes = {name for _, attrs in read.tags for name in attrs}
    assert not attributes & {"src", "href", "srcset", "style", "xlink:href"}
    assert not any(name.startswith("on") for name in attributes)
    assert "@import" not in html
    assert set(re.findall(r"url\(([^)]*)\)", html)) <= {"#out-wide", "#out-narrow"}
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


@EVERY
def test_the_same_facts_give_the_same_bytes(make: Any) -> None:
    assert page.html(make()) == page.html(make())
    assert page.markdown(make()) == page.markdown(make())


def test_hostile_names_arrive_as_text() -> None:
    found = hostile()
    html = page.html(found)
    assert "<script" not in html
    read = Read(html)
    assert read.text.count(HOSTILE) > 10
    assert not set(TAUNT) & {"\x1b", "\u202e"} & set(html)
    rendered = MarkdownIt("commonmark").enable("table").parse(page.markdown(found))
    flat = [child for token in rendered for child in (token, *(token.children or ()))]
    assert not {token.type for token in flat} & {"html_inline", "html_block", "link_open", "image", "em_open"}
    cells = [token.content for token in flat if token.type == "text"]
    assert f"100 {HOSTILE}" in cells
    assert not {"\x1b", "\u202e"} & set(page.markdown(found))


def test_a_row_of_the_markdown_has_as_many_cells_as_its_head() -> None:
    for make in ALL.values():
        tokens = MarkdownIt("commonmark").enable("table").parse(page.markdown(make()))
        heads = cells = 0
        for token in tokens:
            heads = 0 if token.type == "table_open" else heads + (token.type == "th_open")
            cells = 0 if token.type == "tr_open" else cells + (token.type == "td_open")
            assert token.type != "tr_close" or cells in (0, heads)


def test_what_is_wrong_is_said_first_with_why_and_what_to_do() -> None:
    for text in (Read(page.html(ALL["troubled"]())).text, page.markdown(ALL["troubled"]())):
        said = " ".join(text.replace("*", "").split())
        assert "3 of 5 backups need you" in said
        assert said.index("BROKEN") < said.index("FAILED") < said.index("STALE") < said.index("Every guest")
        assert "is cut off: 1.7 GiB of the 5.2 GiB that were written" in said
        assert "Do: Back it up now: homebackup run 100." in said
        assert "110 new-one: no job has it; nobody declared it" in said
        assert "1 file that serves nobody, 7.0 GiB" in said


def test_all_is_well() -> None:
    html = page.html(ALL["well"]())
    assert "All 5 backups are well" in html
    assert "Why, and what to do" not in html
    assert 'class="headline w-well"' in html
    assert page.markdown(ALL["well"]()).count("| OK |") == 5


def test_a_hole_in_the_cover_is_no_reason_to_be_calm() -> None:
    site = declared()
    facts = well(site)
    assert not isinstance(facts.guests, Unseen)
    found = account(site, replace(facts, guests=(*facts.guests, Guest(110, "qemu", "new", site.node))))
    assert "All 5 backups are well, but there is something else to see to" in page.html(found)


def test_when_nothing_can_be_seen_that_is_said() -> None:
    text = Read(page.html(nothing_seen())).text
    assert "5 of 5 backups cannot be seen" in text
    assert text.count("Switch it on.") == 1
    assert "Not seen" not in text
    assert "none" not in text
    assert "The jobs are shown as declared, since the NAS 10.0.0.150 does not answer." in text
    assert "How to restore" not in text


def test_what_is_shown_may_be_old() -> None:
    said = "The look at 14:00 failed"
    assert said in Read(page.html(ALL["well"](), said)).text
    assert 'class="headline w-unknown">When last seen: All 5' in page.html(ALL["well"](), said)
    assert "When last seen" not in page.html(ALL["well"]())
    assert "**When last seen: All 5 backups are well.**" in page.markdown(ALL["well"](), said)
    assert f"**{said}**" in page.markdown(ALL["well"](), said)


def test_the_sizes_of_pruned_archives_are_kept_in_mind() -> None:
    found = sizes(well(declared()))
    assert [len(points) for points in found.values()] == [30] * 5
    assert [point.there for point in found[100]] == [False] * 27 + [True] * 3
    assert list(found[100]) == sorted(found[100])


def test_the_newest_sizes_are_shown_and_none_of_the_future() -> None:
    site = declared()
    facts = well(site)
    dump = facts.dumps[site.storage.name]
    assert isinstance(dump, Dump)
    ahead = replace(dump.archives[0], time=int(facts.now) + DAY)
    runs = tuple(GuestRun(100, int(facts.now) - (number + 40) * DAY, ok=True, size=1) for number in range(100))
    found = sizes(replace(facts, dumps={dump.storage: Dump("", "", (ahead,))}, tasks=(Task("", "", 0, 1, "OK", runs),)))
    assert len(found[100]) == MOST
    assert max(point.time for point in found[100]) < facts.now


def test_a_restore_goes_beside_the_old_guest_and_into_a_free_vmid() -> None:
    site = declared()
    facts = well(site)
    assert not isinstance(facts.guests, Unseen)
    taken = replace(facts, guests=(*facts.guests, Guest(9100, "qemu", "x", "pve"), Guest(9101, "lxc", "y", "pve")))
    lines = {one.label: one.command for one in restores(taken, account(site, taken).verdicts)}
    assert lines["100 home-assistant"] == (
        "qmrestore /mnt/nas-backups/dump/vzdump-qemu-100-2026_11_22-03_00_00.vma.zst 9102 --unique"
    )
    assert lines["103 download-home"] == (
        "pct restore 9104 /mnt/nas-backups/dump/vzdump-lxc-103-2026_11_22-03_15_00.tar.zst --storage local-zfs --unique"
    )
    assert len({line.split(".zst ")[-1] for line in lines.values() if line.startswith("qm")}) == 3


def test_a_restore_names_the_newest_good_archive_and_quotes_it() -> None:
    first = hostile().restores[0]
    program, file, vmid, unique = shlex.split(first.command)
    assert (program, vmid, unique) == ("qmrestore", "9100", "--unique")
    assert file == f"/mnt/{HOSTILE}/vzdump-qemu-100-2026_11_21-03_00_00.vma.zst"


def test_an_archive_that_only_the_api_told_of_is_restored_by_its_volume() -> None:
    site = declared()
    facts = well(site)
    dump = facts.dumps[site.storage.name]
    assert isinstance(dump, Dump)
    told_by_api = replace(facts, dumps={dump.storage: replace(dump, folder="")}, storages=OFF)
    lines = [one.command for one in account(site, told_by_api).restores]
    assert lines[0].startswith("qmrestore nas-backups:backup/vzdump-qemu-100-")
    assert lines[2].endswith("--storage local-lvm --unique")


def test_drills_are_told_where_there_are_any() -> None:
    site = declared()
    facts = well(site)
    last = Drilled(facts.now - 60, 102, 9900, "x.vma.zst", 51.4, 9, ok=True, said="its guest agent answered")
    gone = Drilled(facts.now - 90, 105, 9900, "gone.tar.zst", 2.0, 9, ok=False, said="it does not start")
    for draw in (page.html, page.markdown):
        said = draw(account(site, replace(facts, drilled=(last, gone))))
        assert "drilled: 2 of 5 guests, the last drill of 1 failed (homebackup drill --next)" in said.lower()
