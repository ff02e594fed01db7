"""What the owner's documents say of the site."""

import pulumi

from homebackup.assess import wanted
from homebackup.engine.program import DocumentSection
from homebackup.model.site import Site
from homebackup.views.sections import content


class Documents(pulumi.ComponentResource):
    """One DocumentSection for each section of each document, the `sections` by file and name."""

    def __init__(self, name: str, site: Site, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("homebackup:components:Documents", name, None, opts)
        self.sections: dict[str, DocumentSection] = {}
        last: dict[str, DocumentSection] = {}
        for alias, inputs in wanted.sections(site, content):
            # One after the other, so that a new file has them in the order in which they are declared.
            earlier = [last[inputs["file"]]] if inputs["file"] in last else []
            after = pulumi.ResourceOptions(parent=self, depends_on=earlier)
            self.sections[alias] = last[inputs["file"]] = DocumentSection(alias, opts=after, **inputs)
        self.register_outputs({"files": sorted(last)})
