"""The power of the whole house fails: the host boots while the NAS is still off, and is healed when it is back."""

from __future__ import annotations

import time

from homebackup.world.live_site import LiveSite
from tests.acceptance.figures import Figures
from tests.acceptance.host import ORIGINAL, Host
from tests.acceptance.kept import LINE, MISSION, TARGET, KeptMount
from tests.acceptance.nas import Nas
from tests.acceptance.waiting import until

GIVES_UP = 90.0
"""Seconds that systemd waits for a mount."""
HEALS = 150.0
"""Seconds in which the timer mounts: it looks every two minutes, and a mount takes a moment."""


async def blackout(host: Host, nas: Nas, site: LiveSite) -> None:
    """Everything is off, then the host is on again."""
    nas.off()
    host.cut()
    await site.close()
    host.start()


async def test_with_the_missions_line_boot_waits_and_the_timer_mounts_when_the_nas_is_back(
    host: Host, nas: Nas, site: LiveSite, mounted: KeptMount, figures: Figures
) -> None:
    mounted.declare(heal=True)
    await mounted.up()
    await blackout(host, nas, site)
    assert host.read("/etc/fstab") == ORIGINAL + b"\n" + LINE
    stages = host.booted(GIVES_UP + 120)
    for stage, seconds in stages.items():
        figures.took(f"boot with the NAS off, the mission's line: {stage}", seconds)
    assert "remote-fs" not in stages
    assert stages["multi-user"] - stages["ssh"] > GIVES_UP - 30
    assert host.ssh("systemctl is-system-running || true").strip() == "degraded"
    assert host.live() == []
    assert await mounted.drift() == {}
    nas.on()
    began = time.monotonic()
    assert await mounted.drift() == {"live": "not mounted"}
    until("the timer has mounted", host.live, HEALS)
    figures.took("from the NAS's return to mounted by the timer", time.monotonic() - began)
    until("the timer has done", lambda: "activating" not in host.run("systemctl is-active 'homebackup-heal*'").out, 30)
    assert await mounted.drift() == {}
    assert {"soft", "timeo=150", "retrans=3"} <= host.options()


async def test_with_nofail_boot_does_not_wait(
    host: Host, nas: Nas, site: LiveSite, mounted: KeptMount, figures: Figures
) -> None:
    mounted.declare(options=[*MISSION["options"], "nofail"])
    await mounted.up()
    await blackout(host, nas, site)
    stages = host.booted(GIVES_UP + 120)
    for stage, seconds in stages.items():
        figures.took(f"boot with the NAS off, with nofail: {stage}", seconds)
    assert "remote-fs" in stages
    assert stages["multi-user"] < GIVES_UP
    assert host.live() == []
    assert await mounted.drift() == {}
    nas.on()
    await mounted.up()
    assert await mounted.drift() == {}
    assert len(host.live()) == 1


async def test_with_the_nas_on_boot_mounts(
    host: Host, nas: Nas, site: LiveSite, mounted: KeptMount, figures: Figures
) -> None:
    host.cut()
    await site.close()
    host.start()
    stages = host.booted(120)
    for stage, seconds in stages.items():
        figures.took(f"boot with the NAS on: {stage}", seconds)
    assert "remote-fs" in stages
    assert [line.split(" ")[1] for line in host.live()] == [TARGET]
    assert await mounted.drift() == {}
