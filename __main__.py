"""Configuration in, one HomeBackup out."""

import sys

import pulumi

from components.home_backup import HomeBackup
from homebackup.model.site import InvalidSite, read_site

try:
    site = read_site(pulumi.Config().require_object("site"), root="home-backup:site")
except InvalidSite as invalid:
    for path, reason in invalid.problems.items():
        pulumi.log.error(f"{path}: {reason}")
    sys.exit(1)

HomeBackup(site.name, site)
