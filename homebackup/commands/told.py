"""What our provider said beside each resource of a preview; other providers' texts and a program's own are not ours."""

from collections.abc import Iterable

from homebackup.model import notices
from homebackup.model.notices import Kind, Notice
from homebackup.world.errors import Failed, Trouble, Unreachable
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import Preview, PulumiCli
from homebackup.world.stack import reached

OURS = "homebackup:index:"
"""What the type of each of our resources begins with."""


async def previewed(pulumi: PulumiCli) -> Preview:
    """The preview of a stack; raises Unreachable where it failed and the site does not answer, else what it failed of.

    Pulumi passes on an error's text alone, so the site is asked once more.
    """
    try:
        return await pulumi.preview()
    except Failed:
        await _asked(pulumi)
        raise


async def _asked(pulumi: PulumiCli) -> None:
    """Raises Unreachable when the API or the host does not answer; whatever else is wrong says nothing here."""
    live = None
    try:
        live = LiveSite(reached(await pulumi.config(), pulumi.folder), pulumi.folder)
        await live.look()
        await live.api.call("GET", "/version")
    except Unreachable:
        raise
    except Trouble:
        pass
    finally:
        if live:
            await live.close()


def told(preview: Preview) -> dict[str, list[Notice]]:
    """The notices by URN, in the order in which they were said."""
    return {
        urn: [notice for text in texts if (notice := notices.read(text))]
        for urn, texts in preview.texts.items()
        if urn.count("::") > 2 and urn.split("::")[2].rpartition("$")[2].startswith(OURS)
    }


def of_kind(kind: Kind, said: Iterable[Notice]) -> list[str]:
    """The texts of a kind, each once however many resources it stands beside."""
    return list(dict.fromkeys(notice.text for notice in said if notice.kind == kind))
