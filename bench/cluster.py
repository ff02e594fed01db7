"""One process that gathers a made-up cluster, judges and shows it: `python -m bench.cluster NODES GUESTS`."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from typing import Any

from homebackup.assess.account import account
from homebackup.assess.coverage import coverage
from homebackup.assess.entry import entries
from homebackup.assess.guest import verdicts
from homebackup.commands.status import printed
from homebackup.views import documents, page, table
from homebackup.world.gather import gather
from tests.world.cluster import Cluster


def main() -> None:
    """Print calls of the API, seconds, the most memory that a status took, and a report's seconds, as JSON."""
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
    began = time.perf_counter()
    assert f"guest-{made.vmids[-1]}" in page.html(account(site, facts))
    report = time.perf_counter() - began
    print(json.dumps({"calls": made.calls, "seconds": seconds, "mib": mib, "report": report}))


if __name__ == "__main__":
    main()
