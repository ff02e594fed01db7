"""The automatic backups of the site's Home Assistant, as its owner declares them."""

from homebackup.model.kinds import ExportPath, Flag, Lines, Text, Whole
from homebackup.model.site.parts import Part


class Mount(Part):
    """The export of the NAS that they go to, as Home Assistant's network storage."""

    name: Text
    """Its name there."""
    export: ExportPath


class HomeAssistant(Part):
    """Where they go, when, and what they hold; nothing of it is touched unless the stack has homeAssistantUrl."""

    app: Text = "home-assistant"
    """Its name among the site's apps, which says how old a backup may be."""
    mount: Mount | None = None
    """Network storage on the site's NAS; none where there is no Supervisor."""
    agents: Lines = ()
    """Other places, by Home Assistant's names of them, such as hassio.local."""
    time: Text
    days: Lines = ()
    """Every day unless given."""
    keep_copies: Whole | None = None
    keep_days: Whole | None = None
    database: Flag = True
    all_addons: Flag = True
    addons: Lines = ()
    folders: Lines = ()

    @property
    def places(self) -> tuple[str, ...]:
        """Everywhere that they go, by Home Assistant's names."""
        return (*([f"hassio.{self.mount.name}"] if self.mount else []), *self.agents)
