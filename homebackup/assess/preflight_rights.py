"""What a preflight finds of the credentials in use: options for root only, and every call's privileges."""

from collections.abc import Iterator

from homebackup.model.declare import ROOT_ONLY
from homebackup.model.finding import Finding
from homebackup.model.permissions import lacks, needs, pveum
from homebackup.model.preflight import Preflight, Rights
from homebackup.model.site import Site


def of_rights(site: Site, seen: Preflight) -> Iterator[Finding]:
    """Whether each call is allowed, and the `pveum` lines that allow it."""
    if not (seen.way.is_root and isinstance(seen.rights, Finding)):
        yield from _root_only(site, seen)
    if isinstance(seen.rights, Finding):
        yield seen.rights
    elif seen.rights is not None:
        yield from _permissions(site, seen, seen.rights)


def _root_only(site: Site, seen: Preflight) -> Iterator[Finding]:
    """Whether options are declared that our login may not set."""
    declared = [(tier.job, tmpdir) for tier in site.tiers.values() if (tmpdir := site.tmpdir(tier))]
    subject = "options for root only"
    if seen.way.is_root:
        jobs = ", ".join(job for job, _ in declared) or "no job"
        yield Finding("root-only", "well", subject, f"they can be set; tmpdir is declared for {jobs}")
    elif not declared:
        yield Finding("root-only", "well", subject, "none is declared")
    else:
        for job, tmpdir in declared:
            said = f"tmpdir {tmpdir} would be refused for {seen.way.actor}"
            yield Finding("root-only", "trouble", f"vzdump job {job}", said, ROOT_ONLY)


def _permissions(site: Site, seen: Preflight, rights: Rights) -> Iterator[Finding]:
    """Which call would fail, or see nothing, for want of which privilege."""
    wanted, actor, account = needs(site), seen.way.actor, rights.account
    if seen.way.is_root:
        lacking = []
        yield Finding("permissions", "well", "permissions", f"{actor} may do everything")
    else:
        lacking = lacks(wanted, rights.granted)
        for lack in lacking:
            remedy = "grant it with the pveum lines below"
            yield Finding("permissions", "trouble", f"permissions of {actor}", lack.said, remedy)
        if not lacking:
            yield Finding("permissions", "well", "permissions", f"{actor} may make every call that is needed")
    if seen.grants or lacking:
        whom = f"{account.user}!{account.token}" if account.token else account.user
        said = f"these lines, run on the node, give {whom} what is needed"
        yield Finding("permissions", "note", "permissions", said, "", tuple(pveum(wanted, account)))
