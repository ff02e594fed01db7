"""Configuration in, one HomeBackup out."""

import sys
import time
from zoneinfo import ZoneInfo

import pulumi

from components.home_backup import HomeBackup
from homebackup.assess.doubt import not_exempt
from homebackup.assess.lint import doubts
from homebackup.model.seen import Unseen
from homebackup.model.site import SITE, InvalidSite, read_site
from homebackup.world.neighbours import neighbours

try:
    config = pulumi.Config()
    site = read_site(config.require_object(SITE), root=config.full_key(SITE))
    way = pulumi.Config("homebackup")
    dsm, home_assistant = bool(way.get("dsmUrl") or way.get("lab")), bool(way.get("homeAssistantUrl"))
    site = site.managing(dsm=dsm, home_assistant=home_assistant)
except InvalidSite as invalid:
    for path, reason in invalid.problems.items():
        pulumi.log.error(f"{path}: {reason}")
    sys.exit(1)

now, zone = time.time(), ZoneInfo("UTC")  # the node's is not known here
others = neighbours(site)
if isinstance(others, Unseen):
    pulumi.log.warn(str(others))
for doubt in not_exempt(site, doubts(site, zone, now, neighbours=others), now, zone):
    (pulumi.log.error if doubt.level == "error" else pulumi.log.warn)(str(doubt))

HomeBackup(site.name, site)
