"""`homebackup verify` on the lab: good, damaged and swapped archives, and what is kept of it."""

from __future__ import annotations

import hashlib
import io
import json
import time
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress, ProgressColumn

from homebackup.commands import verify as verify_verb
from homebackup.commands.ending import Ended
from homebackup.commands.progress import bars
from homebackup.commands.verify import Verifying
from homebackup.model.backups.archive import Archive
from homebackup.model.backups.sample import HEAD, TAIL
from homebackup.model.backups.verification import DEEP, QUICK, last_verified
from homebackup.model.backups.whole import Whole
from homebackup.model.seen import Unseen
from homebackup.model.site import read_site
from homebackup.world.connection import Connection
from homebackup.world.dump import dump_of
from homebackup.world.errors import Missing
from homebackup.world.live_site import LiveSite
from homebackup.world.reading import Reader
from homebackup.world.verified import place, results
from tests.commands.large_archives import large
from tests.commands.living_site import DECLARED, DUMP, settle
from tests.commands.stack import PlayedStack
from tests.running_lab import Lab

NEWEST = "$(ls {0} | grep -E 'vzdump-[a-z]+-{1}-.*[.](vma|tar).zst$' | tail -n 1)"
ROT = """
f={0}/{1}; touch -r $f /t; dd if=/dev/zero of=$f bs=1 count=8 seek={2} conv=notrunc status=none; touch -r /t $f
"""
MACHINE, CONTAINER = 102, 105


@pytest.fixture(autouse=True)
def reached(stack: PlayedStack, lab: Lab) -> None:
    """The lab as the stack's site, with archives of some days."""
    stack.stored, stack.declared = {"lab": str(lab.ready)}, DECLARED
    settle(lab)


def newest(lab: Lab, vmid: int) -> str:
    return lab.run(f"echo {NEWEST.format(DUMP, vmid)}").strip()


async def verify(
    stack: PlayedStack, capsys: pytest.CaptureFixture[str], *guests: str, **options: Any
) -> tuple[int, dict[str, dict[str, Any]], list[str]]:
    """Exit code, what was found by name of the archive, and what is unknown."""
    code = await Verifying(guests, as_json=True, **options).of(stack)
    said = json.loads(capsys.readouterr().out)
    return code, {found["name"]: found for found in said["archives"]}, said["unknown"]


async def archives(stack: PlayedStack) -> list[Archive]:
    live = LiveSite(Connection.parse(stack.stored, stack.folder))
    try:
        dump, _ = await dump_of(read_site(DECLARED), live)
        assert not isinstance(dump, Unseen)
        return list(dump.archives)
    finally:
        await live.close()


async def test_all_is_well_and_little_is_read(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.forget()
    code, found, unknown = await verify(stack, capsys)
    assert (code, unknown) == (0, [])
    assert {one["state"] for one in found.values()} == {"good"}
    assert {one["vmid"] for one in found.values()} == {100, 101, 102, 103, 105}
    assert all(one["read"] <= min(2 * one["size"], 600_000) for one in found.values())
    one = found[newest(lab, MACHINE)]
    assert (one["guest"], list(one["disks"]), one["notes"]) == ("vaultwarden", ["drive-scsi0"], "vaultwarden of pve")
    assert found[newest(lab, CONTAINER)]["guest"] == "pihole-home"
    assert [request for request in lab.requests("api") if request["method"] != "GET"] == []
    assert len(lab.requests("ssh")) <= 2 + len(found) // 6 + 1


async def test_it_is_said_in_lines(stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert await Verifying(["vaultwarden"], only_newest=True).of(stack) == 0
    one, summary = capsys.readouterr().out.splitlines()
    assert one.startswith(f"good     {newest(lab, MACHINE)}: VM 102 vaultwarden, disk drive-scsi0 of 8.0 MiB, made 20")
    assert summary.startswith("1 archive looked at: 1 good; ")
    for times in (1, 2):
        assert await Verifying(["vaultwarden"], only_newest=True, deep=True).of(stack) == 0
        last = capsys.readouterr().out.splitlines()[-1]
        assert last.endswith("--again reads them once more.") == (times == 2)


DAMAGES = {
    "empty": ("truncate -s 0 {0}/{1}", "it is empty"),
    "cut": ("truncate -s $(( $(stat -c %s {0}/{1}) - 9 )) {0}/{1}", "its end is missing"),
    "swapped": ("cp {0}/{2} {0}/{1}", "it holds a backup of another guest"),
    "zeros": (ROT.format("{0}", "{1}", 0), "it does not begin as a .zst file does"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(("vmid", "other"), [(MACHINE, 100), (CONTAINER, 103)], ids=["vm", "ct"])
async def test_damage_is_found(
    damage: str,
    vmid: int,
    other: int,
    stack: PlayedStack,
    lab: Lab,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script, said = DAMAGES[damage]
    name, strange = newest(lab, vmid), newest(lab, other)
    lab.run(script.format(DUMP, name, strange))
    ended, found, _ = await verify(stack, capsys, only_newest=True)
    bad = {name: one["said"] for name, one in found.items() if one["state"] == "bad"}
    critical = DECLARED["guests"][str(vmid)]["classification"] == "critical"
    assert (ended, list(bad)) == (2 if critical else 1, [name])
    assert bad[name].startswith(said)
    (kept,) = [result for result in results(place(stack.folder)) if result.name == name]
    assert (kept.state, kept.depth) == ("bad", QUICK)


@pytest.mark.parametrize("vmid", [MACHINE, CONTAINER])
async def test_an_archive_under_another_date_is_found(
    vmid: int, stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    name = newest(lab, vmid)
    year = int(name.split("-")[3][:4])
    another = name.replace(f"-{year}_", f"-{year - 1}_")
    lab.run(f"mv {DUMP}/{name} {DUMP}/{another}")
    _, found, _ = await verify(stack, capsys, str(vmid))
    assert found[another]["state"] == "bad"
    assert found[another]["said"].startswith("it holds a backup that was made at 20")


async def test_rot_in_the_middle_is_found_by_a_deep_check_alone(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, data in large(lab).items():
        code, found, _ = await verify(stack, capsys, "101", "103", only_newest=True)
        assert (code, found[name]["state"], found[name]["read"]) == (0, "good", HEAD + TAIL)
        lab.run(ROT.format(DUMP, name, len(data) // 2))
    code, found, _ = await verify(stack, capsys, "101", "103", only_newest=True)
    assert code == 0
    code, found, _ = await verify(stack, capsys, "101", "103", only_newest=True, deep=True)
    assert code == 1
    for one in found.values():
        assert (one["state"], one["read"]) == ("bad", HEAD + TAIL + one["size"])
        assert one["said"].startswith("it cannot be unpacked (")
    code, found, _ = await verify(stack, capsys, "101", "103", only_newest=True, deep=True)
    assert code == 1


async def test_progress_and_pace(stack: PlayedStack, lab: Lab) -> None:
    names = large(lab)
    live = LiveSite(Connection.parse(stack.stored, stack.folder))
    reader = Reader(live.host, "/mnt/nas-backups", "10.0.0.150", rate=4 << 20, piece=1 << 20)
    try:
        for archive in [one for one in await archives(stack) if one.name in names]:
            heard: list[int] = []
            began = time.monotonic()
            whole = await reader.whole(archive, heard.append)
            assert whole == Whole(hashlib.sha256(names[archive.name]).hexdigest())
            assert time.monotonic() - began >= 0.75
            assert heard == sorted(heard)
            assert len(set(heard)) > 2
            assert heard[-1] == archive.size
    finally:
        await live.close()


async def test_a_deep_check_is_kept_and_not_done_again(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found, _ = await verify(stack, capsys, deep=True, only_newest=True)
    assert code == 0
    assert {one["depth"] for one in found.values()} == {DEEP}
    name = newest(lab, MACHINE)
    assert found[name]["sha256"] == lab.run(f"sha256sum {DUMP}/{name}").split()[0]
    (archive,) = [one for one in await archives(stack) if one.name == name]
    first = last_verified(results(place(stack.folder)), archive)
    assert first is not None
    assert (first.depth, first.state, first.sha256) == (DEEP, "good", found[name]["sha256"])

    lab.forget()
    _, found, _ = await verify(stack, capsys, deep=True, only_newest=True)
    assert {one["depth"] for one in found.values()} == {QUICK}
    assert last_verified(results(place(stack.folder)), archive) == first
    _, found, _ = await verify(stack, capsys, "102", deep=True, only_newest=True, again=True)
    assert found[name]["depth"] == DEEP


async def test_what_rotted_since_is_bad_ever_after(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    name = newest(lab, CONTAINER)
    await verify(stack, capsys, "105", only_newest=True)
    lab.run(ROT.format(DUMP, name, int(lab.run(f"stat -c %s {DUMP}/{name}")) // 2))
    for _ in range(2):
        _, found, _ = await verify(stack, capsys, "105", only_newest=True)
        assert found[name]["state"] == "bad"


async def test_a_guest_that_is_not_there(stack: PlayedStack) -> None:
    with pytest.raises(Missing, match="guest nobody: the site has none of that VMID or name; see homebackup status"):
        await Verifying(["nobody"]).of(stack)


async def test_a_name_with_shell_characters_is_no_archive(
    stack: PlayedStack, lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.run(f"cd {DUMP}; echo x > 'vzdump-qemu-100-2026_11_08-02_00_00$(touch pwned).vma.zst'; echo x > ';touch pwned'")
    code, found, _ = await verify(stack, capsys, only_newest=True)
    assert (code, len(found)) == (0, 5)
    assert "pwned" not in lab.run(f"ls / {DUMP} /root").replace("touch pwned", "")


def test_the_verb_ends_with_its_code(stack: PlayedStack, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_verb, "PulumiCli", lambda folder, name: stack)
    lab.run(f"truncate -s 0 {DUMP}/{newest(lab, MACHINE)}")
    for guests, code in ((["102"], 2), (["pihole-home"], 0)):
        with pytest.raises(Ended) as ended:
            verify_verb.verb(guests, newest=True)
        assert ended.value.code == code


async def test_no_line_is_printed_into_a_bar(stack: PlayedStack, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Console(file=io.StringIO(), width=80, force_terminal=True, _environ={"TERM": "xterm"})
    made: list[Progress] = []
    said: list[tuple[str, bool]] = []

    def watched(*columns: ProgressColumn) -> Progress:
        made.append(bars(*columns, console=terminal))
        return made[-1]

    monkeypatch.setattr(verify_verb, "bars", watched)
    monkeypatch.setattr(verify_verb, "say", lambda text: said.append((text, any(b.live.is_started for b in made))))
    assert await Verifying(deep=True, only_newest=True).of(stack) == 0
    assert sum("all of it read" in text for text, _ in said) == 5
    assert not any(mixed for _, mixed in said)
    assert isinstance(terminal.file, io.StringIO)
    assert "vzdump-qemu-102-" in terminal.file.getvalue()


async def test_without_a_terminal_there_are_no_bars(stack: PlayedStack, capsys: pytest.CaptureFixture[str]) -> None:
    assert await Verifying(deep=True, only_newest=True).of(stack) == 0
    assert capsys.readouterr().err == ""
