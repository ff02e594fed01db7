"""`homebackup trust`: what the site shows of itself before any login, compared by the owner and kept in the stack."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from homebackup.commands.ending import TROUBLE, WELL, run
from homebackup.commands.options import HERE, Folder, Stack
from homebackup.commands.printing import say
from homebackup.world.connection import Connection, colons
from homebackup.world.errors import Unreachable, Untrusted
from homebackup.world.hostkeys import pin
from homebackup.world.journal import Journal, place
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import provider
from homebackup.world.trust import certificate_fingerprint, fingerprint_of, ssh_host_key

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Store without asking.")]
Replace = Annotated[bool, typer.Option("--replace", help="Store even where the stack holds something else.")]
OfDsm = Annotated[bool, typer.Option("--dsm", help="The NAS's own management instead; asks for a one-time code once.")]

FINGERPRINTS = frozenset({"fingerprint", "dsmFingerprint"})
WAY = ("host", "apiPort", "sshPort", "lab", "timeout")
"""Of the stack's configuration, what it takes to knock; what it trusts so far must not stand in the way."""


@dataclass(frozen=True)
class Shown:
    """One proof of identity: the key it is kept under, as it was shown, and how to see it on the host itself."""

    key: str
    noun: str
    value: str
    """As it is stored."""
    printed: str
    """As Proxmox VE or ssh-keygen print it."""
    compare: str
    instead: str
    """The configuration that says another way whom to trust; both together are refused."""
    where: str = "on its console"
    option: str = ""
    """Of this verb, the option that shows it."""


def verb(
    stack: Stack = None, cwd: Folder = HERE, yes: Yes = False, replace: Replace = False, dsm: OfDsm = False
) -> None:
    """Show the API certificate's fingerprint and the ssh host key, ask, and store them in the stack."""
    if dsm:
        from homebackup.commands.trust_dsm import trust_dsm  # nobody else shall wait for what it imports

        run(trust_dsm(PulumiCli(cwd, stack), yes=yes, replace=replace))
    else:
        run(_trust(PulumiCli(cwd, stack), yes=yes, replace=replace))


async def _trust(pulumi: PulumiCli, *, yes: bool, replace: bool) -> int:
    stored = provider(await pulumi.config())
    to = Connection.parse({key: stored[key] for key in WAY if key in stored}, pulumi.folder)
    shown = await _shown(to, needs_api=stored.get("api") == "https")
    return await compared(pulumi, to.host, shown, stored, yes=yes, replace=replace)


async def compared(
    pulumi: PulumiCli, host: str, shown: Iterable[Shown], stored: Mapping[str, str], *, yes: bool, replace: bool
) -> int:
    """Tell what a host shows, ask, and store what the stack does not hold yet; raises Untrusted."""
    fresh = []
    for one in shown:
        say(f"{one.noun} of {host}:\n  {one.printed}\n  to compare, {one.where}: {one.compare}")
        if one.instead in stored:
            say(f"  not stored, because homebackup:{one.instead} says whom to trust")
        elif not (old := stored.get(one.key, "")):
            fresh.append(one)
        elif same(one, old):
            say("  stored already")
        elif replace:
            say(f"  stored so far: {_printed(one, old)}")
            fresh.append(one)
        else:
            raise Untrusted(
                f"{one.noun} of {host}",
                f"it is {one.printed}, but {_printed(one, old)} is stored",
                "nothing was stored; find out why it changed before you go on, and only if the host was set up anew or "
                f"the certificate renewed, run homebackup trust{one.option} --replace",
                old=_printed(one, old),
                new=one.printed,
            )
    if not fresh:
        say("Nothing to store.")
        return WELL
    name = await pulumi.name()
    if not yes and not _agreed(f"Is that what the console says? Store it in stack {name}?"):
        say("Nothing was stored; --yes stores without asking.", err=True)
        return TROUBLE
    await _store(pulumi, name, {one.key: one.value for one in fresh})
    say(f"Stored in stack {name}.")
    return WELL


async def _shown(to: Connection, *, needs_api: bool) -> list[Shown]:
    """What the host shows; an API that is not used and does not answer is said and left out. Raises Unreachable."""
    key = await ssh_host_key(to.host, to.ssh_port, min(to.timeout, 10.0))
    kind = key.line.split()[0].removeprefix("ssh-").partition("-")[0]
    found = [
        Shown(
            "sshHostKey",
            "ssh host key",
            key.line,
            f"{key.fingerprint} ({kind.upper()})",
            f"ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub",
            "sshKnownHosts",
        )
    ]
    try:
        fingerprint = await certificate_fingerprint(to.host, to.api_port, min(to.timeout, 10.0))
    except Unreachable as silent:
        if needs_api:
            raise
        say(f"{silent}. It is not needed: the API is reached over ssh.", err=True)
        return found
    what = "SHA-256 fingerprint of the API's certificate"
    return [Shown("fingerprint", what, fingerprint, fingerprint, "pvenode cert info", "caFile"), *found]


def same(shown: Shown, stored: str) -> bool:
    """Whether what the stack holds is what was shown, in whatever spelling."""
    if shown.key in FINGERPRINTS:
        return _colons(stored) == shown.value
    return pin(stored) in (shown.value, shown.printed.split()[0])


def _printed(shown: Shown, stored: str) -> str:
    """What the stack holds, as the shown one is printed."""
    return _colons(stored) if shown.key in FINGERPRINTS else fingerprint_of(stored)


def _colons(stored: str) -> str:
    try:
        return colons(stored)
    except ValueError:
        return stored


def _agreed(question: str) -> bool:
    try:
        return typer.confirm(question)
    except typer.Abort:
        say("", err=True)
        return False


async def _store(pulumi: PulumiCli, stack: str, values: Mapping[str, str]) -> None:
    record = Journal(place(pulumi.folder), "homebackup trust").of(stack, f"stack {stack}", say)
    for key, value in values.items():
        command = ("config", "set", f"homebackup:{key}", value, "--plaintext", "--non-interactive")
        async with record.act(f"pulumi {' '.join(command)}"):
            await pulumi.run(*command)
