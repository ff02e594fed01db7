"""A client's NFS rule through its life on the lab's NAS, beside rules of others that nobody may lose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from homebackup.engine.lifecycle import Lifecycle
from homebackup.model.declare import changes
from homebackup.resources import RESOURCES
from homebackup.world.errors import Changed, Refused, Unreachable
from homebackup.world.live_site import LiveSite
from tests.lifecycle.conftest import Bench, connection, declared
from tests.running_lab import Lab

EXPORT = RESOURCES["NfsExport"]
NAME = "backups#10.0.0.50"
BASE: dict[str, Any] = {"share": "backups", "client": "10.0.0.50"}
SAVE = "SYNO.Core.FileServ.NFS.SharePrivilege save"
LOAD = "SYNO.Core.FileServ.NFS.SharePrivilege load"
SYS = {"sys": True, "kerberos": False, "kerberos_integrity": False, "kerberos_privacy": False}
RULE: dict[str, Any] = {
    "async": True,
    "client": "10.0.0.50",
    "crossmnt": True,
    "insecure": False,
    "privilege": "rw",
    "root_squash": "root",
    "security_flavor": SYS,
}
THEIRS = [
    RULE | {"client": "10.0.0.0/24"},
    RULE | {"client": "shop.example", "privilege": "ro", "root_squash": "all_guest"},
    RULE | {"client": "10.0.0.77", "insecure": True, "security_flavor": {**SYS, "kerberos": True}},
]
FIELDS: dict[str, tuple[Any, str, Any]] = {
    "access": ("ro", "privilege", "ro"),
    "squash": ("all-to-admin", "root_squash", "all_admin"),
    "asynchronous": (False, "async", False),
    "any_port": (True, "insecure", True),
    "subfolders": (False, "crossmnt", False),
    "security": (["sys", "kerberos_privacy"], "security_flavor", {**SYS, "kerberos_privacy": True}),
}
"""Another value of each field, and how DSM has it."""


@pytest.fixture
async def bench(lab: Lab) -> AsyncIterator[Bench]:
    site, by_hand = (LiveSite(connection(lab, "https ticket")) for _ in range(2))
    lab.control("/dsm", {"rules": {"backups": THEIRS}})
    yield Bench(lab, site, by_hand)
    await site.close()
    await by_hand.close()


def rules(bench: Bench, share: str = "backups") -> list[Any]:
    return list(bench.lab.control("/dsm")["rules"].get(share, []))


def saves(lab: Lab) -> int:
    return sum(one.get("command") == SAVE for one in lab.control("/requests", method="GET"))


def life(bench: Bench, name: str = NAME) -> Lifecycle:
    return bench.of("NfsExport", name)


async def make(bench: Bench, **more: Any) -> Any:
    return await life(bench).create(declared("NfsExport", BASE | more), preview=False)


def test_every_field_has_another_value_here() -> None:
    unset = {"share", "client", "rule"}
    assert {f.name for f in EXPORT.fields} - unset == set(FIELDS)


async def test_it_comes_behind_the_rules_of_others_and_goes_again(bench: Bench) -> None:
    made = await make(bench)
    assert rules(bench) == [*THEIRS, RULE]
    assert await life(bench).read(vars(made)) == made
    await life(bench).delete(vars(made))
    assert rules(bench) == THEIRS
    assert await life(bench).read(vars(made)) is None


async def test_a_preview_shows_the_request_and_saves_nothing(bench: Bench) -> None:
    await life(bench).create(declared("NfsExport", BASE), preview=True)
    assert any(f"dsm {SAVE} " in text and '"10.0.0.50"' in text for text in bench.said)
    assert saves(bench.lab) == 0


async def test_what_exists_and_is_equal_is_taken_over_without_a_request(bench: Bench) -> None:
    bench.lab.control("/dsm", {"rules": {"backups": [RULE, *THEIRS]}})
    await make(bench)
    assert saves(bench.lab) == 0
    with pytest.raises(Refused, match="it exists already and is different: privilege is rw, declared ro"):
        await make(bench, access="ro")


@pytest.mark.parametrize("field", FIELDS)
async def test_each_field_can_be_changed_and_the_others_stay(bench: Bench, field: str) -> None:
    old = await make(bench)
    value, wire, theirs = FIELDS[field]
    new = await life(bench).update(vars(old), declared("NfsExport", BASE | {field: value}), preview=False)
    assert rules(bench) == [*THEIRS, RULE | {wire: theirs}]
    assert list(changes(EXPORT, vars(old), vars(new))) == [field]


@pytest.mark.parametrize("field", FIELDS)
async def test_each_field_that_somebody_changes_is_drift_and_is_put_right(bench: Bench, field: str) -> None:
    old = await make(bench)
    _, wire, theirs = FIELDS[field]
    bench.lab.control("/dsm", {"rules": {"backups": [*THEIRS, RULE | {wire: theirs}]}})
    seen = await life(bench).read(vars(old))
    assert list(changes(EXPORT, vars(old), vars(seen))) == [field]
    await life(bench).update(vars(seen), declared("NfsExport", BASE), preview=False)
    assert rules(bench) == [*THEIRS, RULE]


async def test_a_rule_that_was_taken_out_by_hand_is_made_again(bench: Bench) -> None:
    old = await make(bench)
    bench.lab.control("/dsm", {"rules": {"backups": THEIRS}})
    assert await life(bench).read(vars(old)) is None
    await make(bench)
    assert rules(bench) == [*THEIRS, RULE]


async def test_what_was_changed_since_it_was_seen_is_not_overwritten(bench: Bench) -> None:
    old = await make(bench)
    bench.lab.control("/dsm", {"rules": {"backups": [*THEIRS, RULE | {"async": False}]}})
    with pytest.raises(Changed, match="async was yes, is no"):
        await life(bench).update(vars(old), declared("NfsExport", BASE | {"access": "ro"}), preview=False)


async def test_who_edits_between_looking_and_saving_loses_nothing(bench: Bench) -> None:
    theirs = [*THEIRS, RULE | {"client": "10.0.0.88"}]
    bench.lab.control("/dsm", {"meanwhile": {LOAD: {"backups": theirs}}})
    await make(bench)
    assert rules(bench) == [*theirs, RULE]
    assert saves(bench.lab) == 1


async def test_two_clients_of_one_share_take_turns(bench: Bench) -> None:
    clients = ["10.0.0.50", "10.0.0.100", "10.0.0.101"]
    wanted = [declared("NfsExport", BASE | {"client": client}) for client in clients]
    lives = [life(bench, f"backups#{client}") for client in clients]
    await asyncio.gather(*(one.create(new, preview=False) for one, new in zip(lives, wanted, strict=True)))
    assert [one["client"] for one in rules(bench)] == [one["client"] for one in THEIRS] + clients


async def test_a_rule_with_a_field_that_is_not_known_stops_a_save(bench: Bench) -> None:
    odd = [THEIRS[0] | {"fsid": 7}]
    bench.lab.control("/dsm", {"rules": {"backups": odd}})
    with pytest.raises(Refused, match=r"its rule of 10\.0\.0\.0/24 has fsid, which is not known here"):
        await make(bench)
    assert (rules(bench), saves(bench.lab)) == (odd, 0)


async def test_a_rule_that_lacks_a_field_stops_a_save(bench: Bench) -> None:
    odd = [{name: value for name, value in THEIRS[0].items() if name != "async"}]
    bench.lab.control("/dsm", {"rules": {"backups": odd}})
    with pytest.raises(Refused, match=r"has no async, which is not known here"):
        await make(bench)


async def test_two_rules_of_one_client_are_refused(bench: Bench) -> None:
    bench.lab.control("/dsm", {"rules": {"backups": [RULE, *THEIRS, RULE | {"privilege": "ro"}]}})
    with pytest.raises(Refused, match=r"has 2 rules of 10\.0\.0\.50"):
        await life(bench).read(BASE)
    with pytest.raises(Refused, match="leave one of them in DSM"):
        await make(bench)


async def test_the_vocabulary_of_the_rules_beside_it_is_used(bench: Bench) -> None:
    theirs = [RULE | {"client": "10.0.0.0/24", "root_squash": "root_admin"}]
    bench.lab.control("/dsm", {"squash": "no_map", "rules": {"backups": theirs}})
    made = await make(bench)
    assert rules(bench) == [*theirs, RULE | {"root_squash": "no_map"}]
    assert made.squash == "none"


async def test_the_last_rule_that_goes_ends_the_export_and_says_so(bench: Bench) -> None:
    bench.lab.control("/dsm", {"rules": {"backups": []}})
    made = await make(bench)
    await life(bench).delete(vars(made))
    assert rules(bench) == []
    assert any("exported to nobody afterwards" in text for text in bench.said)


async def test_a_share_that_is_not_there_is_not_made(bench: Bench) -> None:
    new = declared("NfsExport", BASE | {"share": "nowhere"})
    await life(bench, "nowhere#10.0.0.50").create(new, preview=True)
    assert any(text.startswith("refused: the NAS has no shared folder nowhere") for text in bench.said)
    with pytest.raises(Refused, match="make it in DSM"):
        await life(bench, "nowhere#10.0.0.50").create(new, preview=False)


async def test_a_share_that_is_gone_does_not_stop_a_deletion(bench: Bench) -> None:
    made = await make(bench)
    bench.lab.control("/dsm", {"shares": {}})
    await life(bench).delete(vars(made))
    assert await life(bench).read(vars(made)) is None


async def test_nfs_that_is_off_is_drift_that_only_its_owner_can_mend(bench: Bench) -> None:
    made = await make(bench)
    bench.lab.control("/dsm", {"nfs": {"enable_nfs": False}})
    seen = await life(bench).read(vars(made))
    assert seen.rule == "without effect, since NFS is switched off on the NAS"
    with pytest.raises(Refused, match="switch it on in DSM"):
        await life(bench).update(vars(seen), declared("NfsExport", BASE), preview=False)


async def test_a_nas_that_is_off_leaves_what_was_known(bench: Bench) -> None:
    made = await make(bench)
    bench.lab.control("/nas", {"power": "off"})
    assert await life(bench).read(vars(made)) == made
    assert any("so its NFS rules are as they were last known" in text for text in bench.said)
    with pytest.raises(Unreachable, match="see that the NAS is on"):
        await life(bench).delete(vars(made))
    with pytest.raises(Unreachable):
        await make(bench)


async def test_a_save_whose_answer_is_lost_counts_when_it_was_done(bench: Bench) -> None:
    bench.lab.control("/dsm", {"lost": [SAVE]})
    await make(bench)
    assert rules(bench) == [*THEIRS, RULE]
    assert any("done all the same" in text for text in bench.said)


async def test_the_clients_rule_lets_it_mount(bench: Bench) -> None:
    bench.lab.control("/dsm", {"rules": {"backups": THEIRS[1:]}})
    mount = "mkdir -p /mnt/x && mount -t nfs 10.0.0.150:/volume1/backups/proxmox_backups /mnt/x"
    assert bench.lab.control("/run", {"script": mount})["exit"] == 32
    await make(bench)
    assert bench.lab.control("/run", {"script": mount})["exit"] == 0
