"""A job that backs nobody up, out of Proxmox VE and back again: its receipt is on the disk before it is removed.

When the power goes between the two, the job is still there and a further receipt is written next time; when it goes
after the removal, the receipt says that the step was cut off, and brings the job back all the same.
"""

from typing import Any

from homebackup.assess import retiring
from homebackup.commands.ending import WELL
from homebackup.commands.looking import look
from homebackup.commands.printing import say
from homebackup.model.receipts import Entry
from homebackup.model.steps import Call, Plan
from homebackup.resources.vzdump_job import VzdumpJob
from homebackup.world.errors import Changed, Missing, Refused, Trouble, Unreachable
from homebackup.world.journal import Journal, Record, entries, place
from homebackup.world.live_site import LiveSite
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack

API = VzdumpJob.api


async def retire(pulumi: PulumiCli, job: str) -> int:
    """Remove a job that nobody declared and that backs nobody up; raises Trouble, and Refused for any other."""
    looked = await look(pulumi)
    subject, declared = f"{VzdumpJob.noun} {job}", looked.declared
    item = looked.audit.job(job)
    journal = Journal(place(declared.folder), "homebackup audit --retire", declared.connection.secrets)
    if item is None:
        if looked.audit.unseen:
            raise Unreachable(subject, str(looked.audit.unseen[0]), "run this again")
        raise Missing(subject, f"it is not there{_receipt_of(journal, declared.name, job)}", "see homebackup audit")
    if item.wanted or item.state == "managed":
        raise Refused(subject, "the site declares it", "take it out of the site and run pulumi up, which removes it")
    if not item.idle:
        remedy = "disable it in Proxmox VE first, if its guests need it no more"
        raise Refused(subject, f"it does its work: {item.said}", remedy)
    live = LiveSite(declared.connection, declared.folder)
    try:
        await _remove(live, journal, journal.of(declared.name, subject, say), job)
    finally:
        await live.close()
    say(f"{subject}: removed, because {item.said}")
    say(f"Its configuration is kept: homebackup audit --restore-receipt {journal.run} brings it back.")
    return WELL


async def _remove(live: LiveSite, journal: Journal, record: Record, job: str) -> None:
    subject, step = f"{VzdumpJob.noun} {job}", Call("DELETE", f"{API}/{job}")
    section = await _there(live, job)
    await record.plan(Plan((step,)), retiring.kept(section))
    if (written := _kept(journal, journal.run)) is None or retiring.read(written.kept) != section:
        raise Refused(
            subject, f"journal {journal.file} does not say what was written into it", "see what is wrong with it"
        )
    if await _there(live, job) != section:
        raise Changed(subject, "somebody changed it at this moment", "nothing was removed; run this again")
    try:
        async with record.step(step):
            await live.perform(step)
    except Trouble:
        if await live.section(API, job) is not None:
            raise
        await record.verdict("it was removed all the same, although an answer said otherwise")
    if await live.section(API, job) is not None:
        await record.verdict("the step ended well, but it is still there")
        raise Refused(subject, "Proxmox VE removed it, but it is still there", "look at the host's journal")


async def restore(pulumi: PulumiCli, receipt: str) -> int:
    """Bring back the job that a receipt keeps; one that is there as it was is well, another one is left alone."""
    declared = await Stack.of(pulumi)
    journal = Journal(place(declared.folder), "homebackup audit --restore-receipt", declared.connection.secrets)
    section = _section(_kept(journal, receipt), receipt, declared)
    subject = f"{VzdumpJob.noun} {section['id']}"
    live = LiveSite(declared.connection, declared.folder)
    try:
        there = await live.section(API, section["id"])
        if there is None:
            record = journal.of(declared.name, subject, say)
            there = await _make(live, record, section)
        elif astray := retiring.unlike(there, section):
            remedy = "remove or rename it first, if the one of the receipt is to come back"
            raise Refused(subject, f"it is there, and otherwise: {'; '.join(astray)}", remedy)
        else:
            say(f"{subject}: it is there already, as receipt {receipt} has it.")
            return WELL
    finally:
        await live.close()
    say(f"{subject}: it is back as receipt {receipt} has it.")
    return WELL


async def _make(live: LiveSite, record: Record, section: dict[str, Any]) -> dict[str, Any]:
    """Make the job; raises Refused where Proxmox VE made another of it."""
    subject, name = f"{VzdumpJob.noun} {section['id']}", str(section["id"])
    step = Call("POST", API, retiring.parameters(section))
    await record.plan(Plan((step,)))
    try:
        async with record.step(step):
            await live.perform(step)
    except Trouble:
        there = await live.section(API, name)
        if there is None or retiring.unlike(there, section):
            raise
        await record.verdict("it was made all the same, although an answer said otherwise")
    there = await _there(live, name)
    if astray := retiring.unlike(there, section):
        await record.verdict(f"the step ended well, but {'; '.join(astray)}")
        raise Refused(subject, f"it is back, but not as it was: {'; '.join(astray)}", "correct that in Proxmox VE")
    return there


async def _there(live: LiveSite, job: str) -> dict[str, Any]:
    section = await live.section(API, job)
    if section is None:
        raise Missing(f"{VzdumpJob.noun} {job}", "it is gone", "see homebackup audit")
    return {name: value for name, value in section.items() if name != "digest"}


def _kept(journal: Journal, run: str) -> Entry | None:
    """What a run kept before it removed it."""
    return next((entry for entry in entries(journal.file)[0] if entry.run == run and entry.kept), None)


def _section(entry: Entry | None, receipt: str, declared: Stack) -> dict[str, Any]:
    """The section that an entry keeps; raises Missing or Refused."""
    subject = f"receipt {receipt}"
    if entry is None:
        raise Missing(subject, "it keeps no job", "homebackup receipts shows those that do")
    if entry.stack != declared.name:
        raise Refused(subject, f"it is of stack {entry.stack}", f"name it: --stack {entry.stack}")
    try:
        return retiring.read(entry.kept)
    except ValueError:
        raise Refused(subject, "what it keeps cannot be read", "look at it with homebackup receipts") from None


def _receipt_of(journal: Journal, stack: str, job: str) -> str:
    """Where the configuration of a job is that is gone."""
    subject = f"{VzdumpJob.noun} {job}"
    kept = [e for e in entries(journal.file)[0] if e.kept and e.stack == stack and e.resource == subject]
    return f"; homebackup audit --restore-receipt {kept[-1].run} brings it back as it was" if kept else ""
