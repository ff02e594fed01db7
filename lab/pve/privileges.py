"""The privileges of Proxmox VE 8.4 in groups, and the built-in roles that follow from them (PVE::AccessControl)."""

from typing import NamedTuple


class Group(NamedTuple):
    """The privileges of one kind of object, by who usually has them."""

    root: str = ""
    admin: str = ""
    user: str = ""
    audit: str = ""


GROUPS = {
    "VM": Group(
        admin="VM.Allocate VM.Clone VM.Config.CPU VM.Config.Disk VM.Config.HWType VM.Config.Memory VM.Config.Network "
        "VM.Config.Options VM.Migrate VM.Monitor VM.Snapshot VM.Snapshot.Rollback",
        user="VM.Backup VM.Config.CDROM VM.Config.Cloudinit VM.Console VM.PowerMgmt",
        audit="VM.Audit",
    ),
    "Sys": Group(
        root="Sys.AccessNetwork Sys.Incoming Sys.Modify Sys.PowerMgmt",
        admin="Sys.Console Sys.Syslog",
        audit="Sys.Audit",
    ),
    "Datastore": Group(
        admin="Datastore.Allocate Datastore.AllocateTemplate", user="Datastore.AllocateSpace", audit="Datastore.Audit"
    ),
    "SDN": Group(admin="SDN.Allocate", user="SDN.Use", audit="SDN.Audit"),
    "User": Group(root="Permissions.Modify Realm.Allocate", admin="Group.Allocate Realm.AllocateUser User.Modify"),
    "Pool": Group(admin="Pool.Allocate", user="Pool.Audit", audit="Pool.Audit"),
    "Mapping": Group(admin="Mapping.Modify", user="Mapping.Use", audit="Mapping.Audit"),
}
ALL = frozenset(" ".join(text for group in GROUPS.values() for text in group).split())
"""Every privilege there is."""


def _built_in() -> dict[str, frozenset[str]]:
    roles: dict[str, set[str]] = {
        "Administrator": set(ALL),
        "NoAccess": set(),
        "PVETemplateUser": {"VM.Audit", "VM.Clone"},
        "PVEAdmin": set(),
        "PVEAuditor": set(),
    }
    for name, group in GROUPS.items():
        own = set(f"{group.admin} {group.user} {group.audit}".split())
        roles[f"PVE{name}Admin"] = own
        roles["PVEAdmin"] |= own
        roles["PVEAuditor"] |= set(group.audit.split())
        if group.user:
            roles[f"PVE{name}User"] = set(f"{group.user} {group.audit}".split())
    roles["PVEAdmin"].discard("Mapping.Modify")
    return {name: frozenset(found) for name, found in roles.items()}


BUILT_IN = _built_in()
"""Role -> its privileges."""
