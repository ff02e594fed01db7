"""Every doubt about a site that has been looked at: what it declares, the jobs that are there, room and time."""

from homebackup.assess import wanted
from homebackup.assess.account import Account
from homebackup.assess.doubt import Doubt, not_exempt
from homebackup.assess.lint import doubts, of_forecast, of_job
from homebackup.model.seen import Unseen
from homebackup.model.spelling import from_wire
from homebackup.resources.vzdump_job import VzdumpJob


def doubted(of: Account, *, every_guest: bool) -> list[Doubt]:
    """What is doubtful and not exempt, in the node's zone and with runs as long as they were measured.

    Without `every_guest` there may be guests that are not shown to us, and none is taken to be gone.
    """
    site, facts, planned = of.site, of.facts, of.agenda
    there = None if isinstance(facts.guests, Unseen) or not every_guest else {guest.vmid for guest in facts.guests}
    found = [
        *doubts(site, planned.line.zone, facts.now, planned.usual, facts.neighbours),
        *(doubt for job in _jobs(of) for doubt in of_job(job, there)),
        *of_forecast(of.needs, [one for one in of.transfers if one.job.tier], facts.now),
    ]
    return list(not_exempt(site, dict.fromkeys(found), facts.now, planned.line.zone))


def _jobs(of: Account) -> list[VzdumpJob]:
    """The jobs as they are declared, and those of others as they are found, as far as they run."""
    ours = [VzdumpJob(**one.values) for one in wanted.resources(of.site) if one.cls is VzdumpJob]
    names = {job.job for job in ours}
    there = [] if isinstance(of.facts.jobs, Unseen) else [from_wire(VzdumpJob, job) for job in of.facts.jobs]
    return [*ours, *(job for job in there if job.job not in names and job.enabled)]
