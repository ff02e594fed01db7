"""`homebackup retention`: which archives there will be, the oldest restore point, and what the storage needs for it."""

import time
from dataclasses import asdict
from typing import Annotated, Any

import typer

from homebackup.assess.agenda import agenda
from homebackup.assess.forecast import Forecast
from homebackup.assess.outlook import Outlook, capacity, outlooks, transfers
from homebackup.commands.ending import TROUBLE, UNKNOWN, WELL, run
from homebackup.commands.options import HERE, Folder, Json, Stack
from homebackup.commands.printing import document, show
from homebackup.commands.status import ExitCode, seen, terminal
from homebackup.model.backups.facts import SiteFacts
from homebackup.model.site import Site
from homebackup.views import retention as lines
from homebackup.world.errors import Missing
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack as DeclaredStack

Tier = Annotated[str | None, typer.Option("--tier", help="Only the guests of this tier.")]
Days = Annotated[int, typer.Option("--days", min=1, max=3660, help="Days to look ahead.")]
Declared = Annotated[bool, typer.Option("--declared", help="Ask nobody; begin without archives, in UTC.")]


def verb(
    stack: Stack = None,
    cwd: Folder = HERE,
    tier: Tier = None,
    days: Days = 90,
    declared: Declared = False,
    as_json: Json = False,
    exit_code: ExitCode = False,
) -> None:
    """Simulate backups and prunes: which archives there will be, how far back they reach, and whether they fit."""
    run(_retention(PulumiCli(cwd, stack), tier, days, declared=declared, as_json=as_json, exit_code=exit_code))


async def _retention(
    pulumi: PulumiCli, tier: str | None, days: int, *, declared: bool, as_json: bool, exit_code: bool
) -> int:
    facts: SiteFacts | None = None
    if declared:
        site = (await DeclaredStack.of(pulumi)).site
    else:
        site, facts = await seen(pulumi)
    _known(site, tier)
    now = facts.now if facts else time.time()
    planned = agenda(site, facts, now)
    zone = planned.line.zone
    every = outlooks(site, facts, planned, now, days)
    needs = capacity(facts, every, now) if facts else []
    told = [one for one in every if tier in (None, one.job.tier)]
    spans = [one for one in transfers(facts, planned, every, now) if one.job.tier and tier in (None, one.job.tier)]
    hidden = list(dict.fromkeys(str(one.hidden) for one in told if one.hidden))
    if as_json:
        document(
            "guests",
            [_guest(one) for one in told],
            hidden,
            site=site.name,
            zone=zone.key,
            storages=[_storage(need, now) for need in needs],
        )
    else:
        show(lines.text(site.name, told, needs, spans, zone, now, width=terminal()["width"]))
    if hidden:
        return UNKNOWN
    bad = any(need.full is not None for need in needs) or not all(one.fits for one in spans)
    return TROUBLE if exit_code and bad else WELL


def _known(site: Site, tier: str | None) -> None:
    if tier is not None and tier not in site.tiers:
        names = ", ".join(name for name, _ in site.in_order)
        raise Missing(f"tier {tier}", f"{site.name} has no such tier", f"use one of {names}")


def _guest(one: Outlook) -> dict[str, Any]:
    return {
        "vmid": one.vmid,
        "name": one.name,
        "tier": one.job.tier,
        "job": one.job.name,
        "retention": str(one.keep),
        "by": one.whose,
        "back": one.back,
        "days": [
            {
                "day": str(day.day),
                "kept": [copy.name for copy in day.kept],
                "pruned": [copy.name for copy in day.pruned],
            }
            for day in one.days
        ],
    }


def _storage(need: Forecast, now: float) -> dict[str, Any]:
    return {**asdict(need), "days_to_full": need.days_to_full(now)}
