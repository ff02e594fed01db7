"""What a gather asks of a large cluster: calls by the number of its nodes, whatever the number of its guests."""

from __future__ import annotations

from typing import Any

from homebackup.assess.coverage import coverage
from homebackup.assess.entry import entries
from homebackup.assess.guest import verdicts
from homebackup.model.backups.facts import SiteFacts
from homebackup.world.gather import gather
from tests.world.cluster import Cluster

FIXED = 5 + 12 + 12 + 1
"""Lists of the first round trip, logs of the site's node, logs of all others, the one storage."""


async def gathered(cluster: Cluster) -> tuple[SiteFacts, list[tuple[int, int]]]:
    live: Any = cluster
    heard: list[tuple[int, int]] = []
    return await gather(cluster.site(), live, lambda answered, asked: heard.append((answered, asked))), heard


async def test_calls_go_by_nodes_and_not_by_guests() -> None:
    for nodes in (2, 10, 50):
        few, many = Cluster(nodes, 100), Cluster(nodes, 1000)
        for cluster in (few, many):
            facts, heard = await gathered(cluster)
            site = cluster.site()
            found = coverage(site, facts)
            judged = verdicts(site, facts, found)
            assert {verdict.state for verdict in judged + entries(site, facts, judged)} == {"OK"}
            assert len(judged) == len(entries(site, facts, judged)) == cluster.guests
            assert heard[-1][0] == heard[-1][1] >= cluster.calls
            assert heard == sorted(heard), "each answer is told"
        assert few.asked == many.asked
        assert many.calls == FIXED + nodes + (nodes - 1), "and a job of each node, and the tasks of the other nodes"
