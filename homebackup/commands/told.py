"""What our provider said beside each resource of a preview; other providers' texts and a program's own are not ours."""

from collections.abc import Iterable

from homebackup.model import notices
from homebackup.model.notices import Kind, Notice
from homebackup.world.pulumi_cli import Preview

OURS = "homebackup:index:"
"""What the type of each of our resources begins with."""


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
