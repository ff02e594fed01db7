"""What a preflight looks at, by id, and everything that one look of it found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from homebackup.model.backups.facts import SiteFacts
from homebackup.model.dsm_facts import DsmFacts
from homebackup.model.finding import Finding
from homebackup.model.host_facts import HostFacts
from homebackup.model.permissions import Account
from homebackup.model.tryout import Tryout

ITEMS: Mapping[str, str] = {
    "host": "sshd of the host answers and lets us in.",
    "host-key": "The host's ssh key is the known one.",
    "host-name": "What answers over ssh is the declared node itself.",
    "api": "The Proxmox VE API answers on the configured way.",
    "proxmox-ve": "Proxmox VE is new enough.",
    "node": "Proxmox VE has a node of the declared name.",
    "kernel": "The host's kernel is new enough.",
    "systemd": "The host's systemd is new enough.",
    "util-linux": "The host's util-linux is new enough.",
    "zstd": "The host's zstd is there and new enough.",
    "network-online": "At boot the network is up before the NAS is mounted.",
    "boot": "What the mount line costs a boot while the NAS is off.",
    "nas": "The NAS answers the host by its LAN address on TCP 2049, and goes on answering.",
    "mount-hangs": "What is mounted from the NAS already answers.",
    "export": "The NAS offers the export to this host.",
    "test-mount": "The export can be mounted with the declared options.",
    "root-writes": "Root of the host may write, rename and delete there, as vzdump does.",
    "mapped-writes": "User 100000, root of an unprivileged container, may write there.",
    "left-behind": "Nothing of the test mount is left.",
    "clock": "The clocks of host and NAS agree.",
    "space": "The NAS has room for what the jobs are going to keep.",
    "storage": "`pvesm status` sees the storage, and it is active.",
    "app-files": "Each app's own backups are where they are declared, and fresh.",
    "dsm": "DSM answers on its port, and lets us in where its management is kept.",
    "share": "The NAS has the shared folders of the mount and the exports.",
    "volume": "The volume of the archives has room.",
    "snapshots": "Archives outlive who gets hold of the host or the NAS.",
    "nfs-service": "NFS is on, in the version that the mount asks for.",
    "off-site": "Each task of Hyper Backup is well, and does not run while archives are written.",
    "root-only": "Options that only root may set can be set.",
    "permissions": "The credentials in use may make every call that is needed.",
    "lints": "The declaration does what its owner wants of it: see the lints.",
}
"""What is looked at, in the order in which it is told."""


@dataclass(frozen=True)
class Way:
    """How the site is reached: the host, the user there, `ssh` or `https`, and who we are in Proxmox VE."""

    host: str
    ssh_user: str
    api: str
    actor: str
    is_root: bool
    dsm: str = ""
    """Where DSM is, as https://10.0.0.150:5001; empty where none is configured."""


@dataclass(frozen=True)
class Rights:
    """Our privileges by path, and the account that they are granted to."""

    granted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    account: Account = field(default_factory=Account)


@dataclass(frozen=True)
class Preflight:
    """One look. A part that could not be had is the finding that says why; None is a part that was not asked for."""

    way: Way
    grants: bool = False
    """Say how to grant what is needed even where nothing is missing."""
    host: HostFacts | Finding | None = None
    tryout: Tryout | Finding | None = None
    version: str | Finding | None = None
    nodes: tuple[str, ...] | Finding | None = None
    rights: Rights | Finding | None = None
    facts: SiteFacts | Finding | None = None
    dsm: bool | None = None
    """Whether a configured DSM answered this machine."""
    management: DsmFacts | Finding | None = None
