"""What the owner's documents say of a site: each section as Markdown, in which nothing changes unless the site does."""

from collections.abc import Callable, Mapping

from homebackup.model.site import Site
from homebackup.model.site.documents import SectionName
from homebackup.views.sections.configuration import configuration
from homebackup.views.sections.governance import governance
from homebackup.views.sections.restore import restore
from homebackup.views.sections.verification import verification

KEPT = (
    "*`pulumi up` keeps this section as the site in the stack's configuration has it: change it there. What is changed "
    "here is drift, and is changed back.*"
)
"""What a reader has to know before editing."""
_BY_NAME: Mapping[SectionName, Callable[[Site], list[str]]] = {
    "configuration": configuration,
    "verification": verification,
    "restore": restore,
    "governance": governance,
}


def content(site: Site, name: SectionName) -> str:
    """A section: its heading, and below it all that it says."""
    heading, *blocks = _BY_NAME[name](site)
    return "\n\n".join([heading, KEPT, *blocks])
