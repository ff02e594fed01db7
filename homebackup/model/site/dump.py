"""How an application dumps itself inside its guest, as a site's owner declares it."""

from typing import Annotated

from homebackup.model.dump_kinds import Recipient
from homebackup.model.dump_recipe import DATABASE, PG_DUMPALL, Recipe, RecipeName
from homebackup.model.kinds import AbsolutePath, DeclaredSchedule, ExportPath, Text, Whole, at_least
from homebackup.model.site.parts import Part


class Dump(Part):
    """A script and a timer in the guest; the fields are those of an AppBackup."""

    recipe: RecipeName
    to: ExportPath
    """Directory in the guest; its own disk, or where it mounts the NAS."""
    schedule: DeclaredSchedule
    keep: Annotated[Whole, at_least(1, 1000)] = 7
    database: AbsolutePath | None = None
    """For `vaultwarden`; where its packages keep it unless given."""
    command: Text | None = None
    """For `command`, and for `postgres` where pg_dumpall cannot be run as the user postgres of the guest."""
    recipient: Recipient | None = None

    def made(self, name: str) -> Recipe:
        """What the script of an application is made of."""
        database = (self.database or DATABASE) if self.recipe == "vaultwarden" else self.database
        command = (self.command or PG_DUMPALL) if self.recipe == "postgres" else self.command
        values = (self.recipient or "", database or "", command or "")
        return Recipe(name, self.recipe, self.to, self.keep, *values)
