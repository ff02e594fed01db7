"""What a preflight finds of the host itself: whether it is the right one, its programs, its network and its boot."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from homebackup.model.finding import Finding
from homebackup.model.preflight import Preflight
from homebackup.model.site import Site
from homebackup.model.tryout import Said, Tryout

GIVE_UP = "90 s"
"""The time after which systemd gives a mount up; measured at a boot of Debian 12 with the NAS off."""


class Least(NamedTuple):
    """The oldest version of a program that is good enough, and why."""

    version: str
    why: str


LEAST: Mapping[str, Least] = {
    "proxmox-ve": Least("8.0", "what is written here was tried with 8.4, and 7 gets no security fixes since July 2024"),
    "kernel": Least("6.1", "what a soft mount does without its NAS was measured on 6.1 and later"),
    "systemd": Least("252", "what a mount line does at boot was measured on 252"),
    "util-linux": Least("2.38", "findmnt checks a new mount line with --verify --tab-file before it is written"),
    "zstd": Least("1.5", "verify reads archives with it, and 1.5 is what Debian 12 has"),
}
"""What is asked of the host's programs by id."""
NAMES = {"proxmox-ve": "Proxmox VE", "kernel": "kernel"}
_DROP_IN = "/etc/systemd/system/networking.service.d"
WAITS = {
    "networking.service": (
        f"mkdir -p {_DROP_IN}",
        f"printf '[Unit]\\nBefore=network-online.target\\n' > {_DROP_IN}/online.conf",
        "systemctl daemon-reload",
    ),
    "systemd-networkd-wait-online.service": ("systemctl enable systemd-networkd-wait-online.service",),
    "NetworkManager-wait-online.service": ("systemctl enable NetworkManager-wait-online.service",),
}
"""What may hold network-online.target back, and the commands that make it do so."""


def of_host(site: Site, seen: Preflight) -> Iterator[Finding]:
    """Whether it is the right host, and one on which this works."""
    yield from _reached(site, seen)
    if isinstance(seen.version, Finding):
        yield seen.version
    elif seen.version is not None:
        yield from _version("proxmox-ve", Said(0, seen.version))
    if isinstance(seen.tryout, Tryout):
        for item in ("kernel", "systemd", "util-linux", "zstd"):
            if said := seen.tryout.of(item):
                yield from _version(item, said)
        if said := seen.tryout.of("network"):
            yield _network(said)
    if seen.host is not None:
        yield _boot(site)


def _reached(site: Site, seen: Preflight) -> Iterator[Finding]:
    """Who answers over ssh and through the API."""
    to, name = seen.way, ""
    if isinstance(seen.host, Finding):
        yield seen.host
    elif seen.host is not None:
        yield Finding("host", "well", f"host {to.host}", f"it answers over ssh as {to.ssh_user}")
        yield Finding("host-key", "well", f"host {to.host}", "its host key is the known one")
    if isinstance(seen.tryout, Tryout) and (said := seen.tryout.of("hostname")) and said.ok:
        name = said.text.partition(".")[0]
        if name != site.node:
            yield Finding(
                "host-name",
                "trouble",
                f"host {to.host}",
                f"it is called {name}, and the site's node is {site.node}, so this would mount on another machine",
                "correct homebackup:host, or node in the site's configuration",
            )
        else:
            yield Finding("host-name", "well", f"host {to.host}", f"it is node {name}")
    if isinstance(seen.version, str):
        way = f"over https as {to.actor}" if to.api == "https" else f"through pvesh over ssh as {to.ssh_user}"
        yield Finding("api", "well", f"API of {to.host}", f"Proxmox VE {seen.version} answers {way}")
    if isinstance(seen.nodes, Finding):
        yield seen.nodes
    elif seen.nodes is not None and site.node not in seen.nodes:
        have = f"Proxmox VE on {to.host} has {', '.join(seen.nodes) or 'no node'}"
        yield Finding("node", "trouble", f"node {site.node}", have, "correct node in the site's configuration")
    elif seen.nodes is not None:
        yield Finding("node", "well", f"node {site.node}", "Proxmox VE has it")


def _version(item: str, told: Said) -> Iterator[Finding]:
    """Whether a program is new enough."""
    name, least = NAMES.get(item, item), LEAST[item]
    found = re.search(r"\d+(\.\d+)+", told.text) or re.search(r"\d+", told.text)
    if told.exit in (126, 127):
        yield Finding(item, "trouble", name, "the host does not have it", f"install {item}, {least.version} or later")
    elif found is None or not told.ok:
        yield Finding(item, "unknown", name, f"it does not tell its version ({told.line})", "run this again")
    elif _numbers(found[0]) < _numbers(least.version):
        said = f"it is {found[0]}, and {least.version} is the oldest that is good enough: {least.why}"
        yield Finding(item, "warning", name, said, f"bring the host up to date, to {name} {least.version} or later")
    else:
        yield Finding(item, "well", name, f"it is {found[0]}")


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _network(said: Said) -> Finding:
    """Whether network-online.target waits for the network."""
    units = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in said.text.split("\n\n")]
    loaded = [unit for unit in units if unit.get("LoadState") == "loaded"]
    ordered = [unit["Id"] for unit in loaded if _holds(unit)]
    subject = "network-online.target"
    if ordered:
        return Finding("network-online", "well", subject, f"at boot it waits for {' and '.join(ordered)}")
    if not loaded:
        remedy = "see that what brings the network up is ordered before network-online.target"
        return Finding("network-online", "unknown", subject, "no known service brings the network up", remedy)
    first = loaded[0]["Id"]
    return Finding(
        "network-online",
        "warning",
        subject,
        f"at boot it does not wait for {first}, so the mount may be tried before there is a network and then fail, "
        "though the NAS is on",
        "run on the host",
        WAITS.get(first, ()),
    )


def _holds(unit: Mapping[str, str]) -> bool:
    enabled = unit.get("UnitFileState", "").startswith("enabled")
    return enabled and "network-online.target" in unit.get("Before", "").split()


def _boot(site: Site) -> Finding:
    """What the declared mount line costs a boot while the NAS is off."""
    mount = site.mount
    options, line = set(mount.options), f"mount line of {mount.target}"
    if "noauto" in options or "x-systemd.automount" in options:
        said = "it does not delay a boot, and nothing is mounted until somebody asks for it"
        return Finding("boot", "note", line, said)
    again = (
        "the timer of heal mounts it once the NAS is back"
        if mount.heal
        else "nothing mounts it when the NAS is back; heal: true in the site's mount does"
    )
    if "nofail" in options:
        return Finding("boot", "note", line, f"with nofail, a boot does not wait for a NAS that is off; {again}")
    declared = next((o.partition("=")[2] for o in mount.options if o.startswith("x-systemd.mount-timeout=")), "")
    whence = f"x-systemd.mount-timeout={declared}" if declared else "measured on Debian 12"
    return Finding(
        "boot",
        "note",
        line,
        f"while the NAS is off every boot takes {declared or GIVE_UP} more ({whence}), in which only root may log in, "
        f"and then it is never retried; {again}",
        "add nofail to the mount's options, and a boot does not wait",
    )
