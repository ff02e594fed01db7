"""How an application is compared with another instance that may hold the same data, as a site's owner declares it."""

import re
from typing import Annotated

from homebackup.model.dump_kinds import GuestName
from homebackup.model.kinds import AbsolutePath, Text, fitting
from homebackup.model.site.parts import Part

USERS = (
    "SELECT u.email, count(c.uuid), max(u.updated_at, coalesce(max(c.updated_at), '')) FROM users u"
    " LEFT JOIN ciphers c ON c.user_uuid = u.uuid GROUP BY u.uuid ORDER BY u.email"
)
"""Of each user of a Vaultwarden: how many entries there are, and when one or the user was last changed."""
_HOST = re.compile(r"([a-z_][\w-]*@)?[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?")
Query = Annotated[
    Text,
    fitting(
        re.compile(r"(?i)(select|with)\s[^;]*").fullmatch,
        "a single SELECT that tells of each user a name, a number and a date",
    ),
]


class Other(Part):
    """Another instance of the application, and how it is reached."""

    name: Text
    """What people call it."""
    database: AbsolutePath
    host: Annotated[Text, fitting(_HOST.fullmatch, "a host for ssh, such as root@10.0.0.5")] | None = None
    """Where ssh leads to; the site's own node unless given."""
    guest: GuestName | None = None
    """The guest of that host which it runs in, as `qemu/204`; the host itself unless given."""
    dumped: Text = ""
    """How it is backed up there."""


class Assessed(Part):
    """The comparison with another instance."""

    database: AbsolutePath
    other: Other
    query: Query = USERS
    """Read-only, run on both by sqlite3."""
