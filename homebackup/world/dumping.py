"""An application's own dump begun by hand inside its guest, and its newest dump read to its end."""

from __future__ import annotations

import shlex

from homebackup.model.backups.dump_check import CHECK, DumpCheck, read_check
from homebackup.model.inside import label
from homebackup.model.site import App, Site
from homebackup.world import inside
from homebackup.world.errors import Unreachable
from homebackup.world.live_site import LiveSite
from homebackup.world.session import Ran

LONGEST = 6 * 3600.0
"""Seconds that a dump, or reading one, may take."""
_MAKE = r"""
if [ ! -f "/etc/systemd/system/$1" ]; then echo "its unit $1 is not there; run pulumi up"; exit 66; fi
began=$(date +%s)
systemctl start "$1" 2>/dev/null; code=$?
journalctl -q --no-pager -o cat -n 30 --since "@$began" -u "$1" | grep '^dump '
exit $code
"""


def guest_of(site: Site, app: App) -> str:
    """The guest of an app as Proxmox VE names it."""
    return f"{site.guests[app.guest].kind}/{app.guest}"


async def make(live: LiveSite, site: Site, name: str) -> Ran:
    """Run the unit of an application's dump to its end; what the script said. Raises Unreachable and its kin."""
    words = ["sh", "-c", _MAKE, "homebackup", f"homebackup-dump-{name}.service"]
    return await inside.run(live.host, guest_of(site, site.apps[name]), words, timeout=LONGEST)


async def check(live: LiveSite, site: Site, name: str) -> DumpCheck:
    """The newest dumps of an application, the newest one read to its end where they are seen."""
    app = site.apps[name]
    assert app.dump
    words = ["sh", "-c", CHECK, "homebackup", str(app.path), name, app.dump.made(name).ending]
    if app.in_guest:
        subject = guest = guest_of(site, app)
        ran, subject = await inside.run(live.host, guest, words, timeout=LONGEST), label(guest)
    else:
        ran, subject = await live.host.run(shlex.join(words), timeout=LONGEST), f"host {live.connection.host}"
    try:
        return read_check(ran.text)
    except ValueError:
        raise Unreachable(
            subject, f"a look at {app.path} ended early: {ran.said or ran.exit}", "run this again"
        ) from None
