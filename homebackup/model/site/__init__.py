"""The site as its owner declares it, what follows from that, and what is wrong with it."""

from homebackup.model.site.app import App
from homebackup.model.site.declared import TMPDIR, TMPDIR_REASON, Entry, Site
from homebackup.model.site.drill import Drill
from homebackup.model.site.nas import Nas
from homebackup.model.site.parts import Guest, Inventory, Mount, Storage, Tier, Window
from homebackup.model.site.reading import SITE, InvalidSite, read_site

__all__ = [
    "SITE",
    "TMPDIR",
    "TMPDIR_REASON",
    "App",
    "Drill",
    "Entry",
    "Guest",
    "InvalidSite",
    "Inventory",
    "Mount",
    "Nas",
    "Site",
    "Storage",
    "Tier",
    "Window",
    "read_site",
]
