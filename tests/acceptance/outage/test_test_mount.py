"""The test mount of preflight on a real kernel and a real NFS server: what it finds, and that nothing of it stays."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from homebackup.assess.preflight import findings
from homebackup.model.finding import Finding
from homebackup.model.site import read_site
from homebackup.world.live_site import LiveSite
from homebackup.world.preflight import look
from tests.acceptance.figures import Figures
from tests.acceptance.host import Host
from tests.acceptance.kept import KeptMount
from tests.acceptance.nas import EXPORT, SQUASHED, Nas
from tests.acceptance.waiting import until

DECLARED: Any = yaml.safe_load((Path(__file__).resolve().parents[3] / "Pulumi.home.yaml").read_text())["config"][
    "home-backup:site"
]
MADE = ".homebackup-preflight.*"
BOUND = 60.0
"""Seconds in which a preflight ends whose NAS goes away in the middle, on a machine as slow as these."""


async def preflight(site: LiveSite, export: str = EXPORT) -> dict[str, Finding]:
    """What a preflight of the home site finds, by id."""
    declared = read_site({**DECLARED, "mount": {**DECLARED["mount"], "export": export}})
    return {finding.id: finding for finding in findings(declared, await look(declared, site))}


def traces(host: Host) -> str:
    """Every mount of a preflight, in whatever namespace, and every directory of one."""
    return host.ssh("grep -h homebackup-preflight /proc/[0-9]*/mountinfo; ls -d /run/homebackup-preflight.*; true")


@pytest.fixture(params=["in a namespace", "without namespaces"])
def namespaces(host: Host, request: pytest.FixtureRequest) -> Iterator[None]:
    """A host that lets us have mounts of our own, and one that does not."""
    without = request.param == "without namespaces"
    if without:
        host.ssh("mv /usr/bin/unshare /usr/bin/unshare.away")
    yield
    if without:
        host.ssh("mv /usr/bin/unshare.away /usr/bin/unshare")


async def test_an_export_that_is_well(
    host: Host, nas: Nas, mount: KeptMount, site: LiveSite, namespaces: None, figures: Figures
) -> None:
    began = time.monotonic()
    found = await preflight(site)
    figures.took("preflight with its test mount", time.monotonic() - began)
    tried = ("nas", "export", "test-mount", "root-writes", "mapped-writes", "left-behind", "clock")
    assert {name: found[name].level for name in tried} == dict.fromkeys(tried, "well"), found
    assert found["network-online"].level == "well"
    assert traces(host) == ""
    assert list(nas.backups.iterdir()) == []


async def test_an_export_that_squashes_root(host: Host, nas: Nas, mount: KeptMount, site: LiveSite) -> None:
    found = await preflight(site, SQUASHED)
    assert found["test-mount"].level == "well"
    assert found["root-writes"].level == "trouble"
    assert "may not make a directory there (Permission denied)" in found["root-writes"].said
    assert found["mapped-writes"].level == "note"
    assert "may not write there (Permission denied)" in found["mapped-writes"].said
    assert traces(host) == ""
    assert list(nas.volumes[SQUASHED].iterdir()) == []


async def test_an_export_that_is_not_there(host: Host, nas: Nas, mount: KeptMount, site: LiveSite) -> None:
    found = await preflight(site, "/volume1/nothing")
    assert found["export"].level == "trouble"
    assert traces(host) == ""


async def test_a_nas_cut_in_the_middle_leaves_no_mount(
    host: Host, nas: Nas, mount: KeptMount, site: LiveSite, namespaces: None, figures: Figures
) -> None:
    began = time.monotonic()
    trying = asyncio.create_task(preflight(site))
    await asyncio.to_thread(until, "the test mount writes", lambda: any(nas.backups.glob(MADE)), 60)
    await asyncio.to_thread(nas.off)
    found = await trying
    figures.took("preflight with the NAS cut in the middle", time.monotonic() - began)
    assert time.monotonic() - began < BOUND
    assert found["nas"].level == "unknown"
    assert "fell silent in the middle of the test mount" in found["nas"].said
    assert traces(host) == ""
    nas.on()
    (left,) = nas.backups.glob(MADE)
    long_ago = time.time() - 3600
    os.utime(left, (long_ago, long_ago))
    assert (await preflight(site))["left-behind"].level == "well"
    assert list(nas.backups.iterdir()) == []
    assert traces(host) == ""
