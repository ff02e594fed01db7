"""NFS on DSM: the service, and the rules of each shared folder, which are saved as a whole."""

from typing import Any

from lab.dsm.calls import Asked, DsmError, call

FLAVORS = ("kerberos", "kerberos_integrity", "kerberos_privacy", "sys")
KINDS: dict[str, type] = {
    "client": str,
    "privilege": str,
    "root_squash": str,
    "async": bool,
    "insecure": bool,
    "crossmnt": bool,
    "security_flavor": dict,
}
"""What every rule has to have; `id`, the client that an edited rule had before, may stand beside it."""
SQUASH = {
    "root": ("root", "admin", "guest", "all_admin", "all_guest"),
    "no_map": ("no_map", "root_admin", "root_guest", "all_admin", "all_guest"),
}
"""The two vocabularies that were reported of DSM 7.3, by their word for mapping nobody."""
INVALID, NO_SHARE = 2301, 2370


@call("SYNO.Core.FileServ.NFS.SharePrivilege load")
def load(asked: Asked) -> Any:
    """The rules of a shared folder."""
    return {"rule": asked.dsm.nas.rules.get(_share(asked), [])}


@call("SYNO.Core.FileServ.NFS.SharePrivilege save")
def save(asked: Asked) -> Any:
    """Replace all of them; two of one client are taken, an empty list ends the export."""
    share, rules = _share(asked), asked.params.get("rule")
    if not asked.dsm.nas.nfs["enable_nfs"] or not isinstance(rules, list):
        raise DsmError(INVALID)
    asked.dsm.nas.rules[share] = [_checked(rule, asked.dsm.squash) for rule in rules]
    return {}


@call("SYNO.Core.FileServ.NFS get", (1, 3))
def service(asked: Asked) -> Any:
    """The settings of the service."""
    return dict(asked.dsm.nas.nfs)


@call("SYNO.Core.FileServ.NFS set", (1, 3))
def set_service(asked: Asked) -> Any:
    """Change them; all have to be given."""
    if set(asked.params) != set(asked.dsm.nas.nfs):
        raise DsmError(2001)
    asked.dsm.nas.nfs.update(asked.params)
    return {}


def _share(asked: Asked) -> str:
    name = asked.params.get("share_name")
    if not isinstance(name, str):
        raise DsmError(INVALID)
    if name not in asked.dsm.shares:
        raise DsmError(NO_SHARE)
    return name


def _checked(rule: Any, words: str) -> dict[str, Any]:
    known = isinstance(rule, dict) and set(rule) - {"id"} == set(KINDS)
    if not known or not all(isinstance(rule[name], kind) for name, kind in KINDS.items()):
        raise DsmError(INVALID)
    flavors = rule["security_flavor"]
    good = rule["privilege"] in ("rw", "ro") and rule["root_squash"] in SQUASH[words] and rule["client"]
    if not good or set(flavors) != set(FLAVORS) or not all(isinstance(one, bool) for one in flavors.values()):
        raise DsmError(INVALID)
    return {name: rule[name] for name in sorted(KINDS)}
