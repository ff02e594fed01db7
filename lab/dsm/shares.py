"""Shared folders of DSM, the room on their volumes, and the snapshots and locks on them."""

from typing import Any

from lab.dsm.calls import Asked, DsmError, call

NO_SUCH = 402


@call("SYNO.Core.Share list")
def shares(asked: Asked) -> Any:
    """Every shared folder."""
    found = [_shown(name, share) for name, share in sorted(asked.dsm.shares.items())]
    return {"shares": found, "offset": 0, "total": len(found)}


@call("SYNO.Core.Share get")
def share(asked: Asked) -> Any:
    """One of them."""
    name = asked.need("name")
    return _shown(name, _share(asked, name))


@call("SYNO.Storage.CGI.Storage load_info")
def volumes(asked: Asked) -> Any:
    """Volumes with their size in bytes, as text."""
    nas = asked.dsm.nas
    free = 0 if nas.full else nas.total - nas.occupied
    size = {"total": str(nas.total), "used": str(nas.total - free)}
    paths = sorted({one["vol_path"] for one in asked.dsm.shares.values()})
    return {"volumes": [{"vol_path": path, "status": "normal", "size": size} for path in paths]}


@call("SYNO.Core.Share.Snapshot list", (1, 2))
def snapshots(asked: Asked) -> Any:
    """The snapshots of a shared folder."""
    found = _share(asked, asked.need("name")).get("snapshots", [])
    return {"snapshots": found, "total": len(found)}


@call("SYNO.DisasterRecovery.Retention get_worm_lock")
def worm(asked: Asked) -> Any:
    """For how many days its snapshots cannot be deleted."""
    days = int(_share(asked, asked.need("name")).get("worm_days", 0))
    return {"worm_lock_enable": bool(days), "worm_lock_day": days}


def _share(asked: Asked, name: str) -> dict[str, Any]:
    if name not in asked.dsm.shares:
        raise DsmError(NO_SUCH)
    return asked.dsm.shares[name]


def _shown(name: str, share: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "vol_path": share["vol_path"],
        "desc": share.get("desc", ""),
        "enable_share_cow": True,
        "support_snapshot": bool(share.get("support_snapshot", True)),
        "is_usb_share": False,
    }
