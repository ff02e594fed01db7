"""Who may do what in the lab: roles, tokens, pools, propagation."""

from __future__ import annotations

from typing import Any

import pytest

from lab.box import Box
from lab.pve.call import ROOT, Actor
from lab.pve.privileges import BUILT_IN
from lab.pve.usercfg import Token, User, parse, written

Grants = list[tuple[str, str, str, int]]


def granted(box: Box, grants: Grants, *, privsep: int = 1) -> None:
    """Replace the ACL; ann@pve (with a token tk) and bob@pve are in the group staff, guest 100 in the pool prod."""
    access = box.api.access
    config = access.change()
    config.acl.clear()
    config.users["ann@pve"] = User(tokens={"tk": Token(privsep=privsep)})
    config.users["bob@pve"] = User()
    config.groups["staff"] = {"ann@pve": None, "bob@pve": None}
    for path, who, role, propagate in grants:
        config.grant(path, who, role, propagate)
    access.save(config)


@pytest.mark.parametrize(
    ("grants", "who", "path", "privilege", "may"),
    [
        ([("/", "ann@pve", "PVEAuditor", 1)], "ann@pve", "/vms/100", "VM.Audit", True),
        ([("/", "ann@pve", "PVEAuditor", 0)], "ann@pve", "/vms/100", "VM.Audit", False),
        ([("/", "ann@pve", "PVEAuditor", 0)], "ann@pve", "/", "VM.Audit", True),
        (
            [("/", "ann@pve", "PVEAuditor", 1), ("/vms", "ann@pve", "NoAccess", 1)],
            "ann@pve",
            "/vms/100",
            "VM.Audit",
            False,
        ),
        (
            [("/", "ann@pve", "PVEAuditor", 1), ("/vms", "ann@pve", "PVEVMUser", 1)],
            "ann@pve",
            "/vms/1",
            "VM.Backup",
            True,
        ),
        ([("/", "@staff", "PVEVMUser", 1)], "bob@pve", "/vms/100", "VM.Backup", True),
        ([("/", "@staff", "PVEVMUser", 1), ("/", "ann@pve", "PVEAuditor", 1)], "ann@pve", "/vms/1", "VM.Backup", False),
        ([("/pool/prod", "ann@pve", "PVEVMUser", 1)], "ann@pve", "/vms/100", "VM.Backup", True),
        ([("/pool/prod", "ann@pve", "PVEVMUser", 1)], "ann@pve", "/vms/101", "VM.Backup", False),
        (
            [("/pool/prod", "ann@pve", "NoAccess", 1), ("/vms", "ann@pve", "PVEVMUser", 1)],
            "ann@pve",
            "/vms/100",
            "VM.Backup",
            False,
        ),
        ([("/vms", "ann@pve", "PVEVMUser", 1)], "ann@pve!tk", "/vms/100", "VM.Backup", False),
        ([("/vms", "ann@pve!tk", "PVEVMUser", 1)], "ann@pve!tk", "/vms/100", "VM.Backup", False),
        (
            [("/vms", "ann@pve", "PVEVMUser", 1), ("/", "ann@pve!tk", "PVEVMUser", 1)],
            "ann@pve!tk",
            "/vms/1",
            "VM.Backup",
            True,
        ),
        ([("/", "ann@pve!tk", "PVEVMUser", 1)], "ann@pve!no", "/", "VM.Backup", False),
    ],
)
async def test_a_privilege_follows_from_the_acl(
    box: Box, grants: Grants, who: str, path: str, privilege: str, may: bool
) -> None:
    granted(box, grants)
    assert box.api.access.may(who, path, [privilege]) is may


async def test_a_token_without_privilege_separation_is_its_user_but_never_root(box: Box) -> None:
    granted(box, [("/vms", "ann@pve", "PVEVMUser", 1)], privsep=0)
    assert box.api.access.may("ann@pve!tk", "/vms/100", ["VM.Backup"])
    assert box.api.access.may("root@pam!iac", "/", ["Sys.Modify"])
    assert not Actor("root@pam!iac").is_root


async def test_what_an_operator_writes_into_the_file_counts_at_once(box: Box) -> None:
    granted(box, [])
    assert not box.api.access.may("ann@pve", "/", ["Sys.Audit"])
    text = box.root.read("/etc/pve/user.cfg") + b"acl:1:/:ann@pve:PVEAuditor:\n"
    box.root.write("/etc/pve/user.cfg", text)
    assert box.api.access.may("ann@pve", "/", ["Sys.Audit"])


async def test_nobody_hands_out_more_than_they_have(box: Box) -> None:
    granted(box, [("/vms/100", "ann@pve", "PVEVMAdmin", 1)])
    ann = Actor("ann@pve")
    change: dict[str, Any] = {"path": "/vms/100", "users": "bob@pve", "roles": "PVEVMUser"}
    assert (await box.api.call(ann, "PUT", "/access/acl", change)).status == 200
    refused = await box.api.call(ann, "PUT", "/access/acl", change | {"roles": "PVEAdmin"})
    assert refused.status == 500
    assert "requires 'Permissions.Modify'" in (refused.message or "")
    refused = await box.api.call(ann, "PUT", "/access/acl", change | {"path": "/"})
    assert (refused.status, refused.reason) == (403, "Permission check failed (/, Permissions.Modify)")


async def test_removing_a_storage_takes_its_acl_and_its_pool_membership(box: Box) -> None:
    granted(box, [("/storage/local", "ann@pve", "PVEDatastoreUser", 1)])
    await box.api.call(ROOT, "DELETE", "/storage/local", {})
    assert not box.api.access.may("ann@pve", "/storage/local", ["Datastore.Audit"])
    assert not box.api.access.config.pools["prod"].storages


def test_the_file_comes_back_as_it_was_read() -> None:
    text = written(
        parse(
            "user:root@pam:1:0:::a@b.test:it%3A me::\ntoken:root@pam!iac:0:1:for%20tests:\n"
            "group:staff:root@pam:the staff:\n"
            "pool:prod:p:100,101:local:\nrole:Mine:VM.Audit,Sys.Audit:\nacl:1:/vms:root@pam!iac,@staff:Mine:\n"
        )
    )
    assert written(parse(text)) == text
    again = parse(text)
    assert again.users["root@pam"].comment == "it: me"
    assert again.acl == {"/vms": {"@staff": {"Mine": 1}, "root@pam!iac": {"Mine": 1}}}


def test_the_built_in_roles_know_their_limits() -> None:
    assert "Sys.Modify" not in BUILT_IN["PVEAdmin"]
    assert "Permissions.Modify" not in BUILT_IN["PVEAdmin"]
    assert BUILT_IN["PVEDatastoreUser"] == {"Datastore.AllocateSpace", "Datastore.Audit"}
    assert BUILT_IN["PVEAuditor"] < BUILT_IN["Administrator"]
