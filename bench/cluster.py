"""One process that gathers a made-up cluster, judges it and shows it: `python -m bench.cluster NODES GUESTS`."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from typing import Any

from homebackup.assess.coverage import coverage
from homebackup.assess.entry import entries
from homebackup.assess.guest import verdicts
from homebackup.commands.status import printed
from homebackup.views import documents, table
from homebackup.world.gather import gather
from tests.world.cluster import Cluster


def main() -> None:
    """Print calls of the API, seconds, and the most memory that the whole process took, as JSON."""
    nodes, guests = map(int, sys.argv[1:])
    made = Cluster(nodes, guests)
    live: Any = made
    site, began = made.site(), time.perf_counter()
    facts = asyncio.run(gather(site, live))
    found = coverage(site, facts)
    judged = verdicts(site, facts, found)
    judged += entries(site, facts, judged)
    assert len(printed(documents.status(site, facts, judged, found)))
    assert f"{made.guests} verdicts: {made.guests} OK" in table.status(site, facts, judged, found)
    seconds = time.perf_counter() - began
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"calls": made.calls, "seconds": seconds, "mib": mib}))


if __name__ == "__main__":
    main()
