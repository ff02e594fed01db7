"""`homebackup trust --dsm`: the certificate of the NAS's management, and a device id for a one-time code."""

from urllib.parse import urlsplit

import typer

from homebackup.commands.ending import TROUBLE, WELL
from homebackup.commands.printing import say
from homebackup.commands.trust import Shown, compared
from homebackup.world.connection import Problems
from homebackup.world.dsm import Dsm
from homebackup.world.dsm_codes import CodeWanted
from homebackup.world.journal import Journal, place
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import provider, reached
from homebackup.world.trust import certificate_fingerprint

KEY = "homebackup:dsmDevice"


async def trust_dsm(pulumi: PulumiCli, *, yes: bool, replace: bool) -> int:
    """Compare and store the certificate, log in, and where DSM asks for a one-time code, trade one for a device id."""
    config = await pulumi.config()
    stored, to = provider(config), reached(config, pulumi.folder)
    if to.dsm_url is None:
        raise Problems({"dsmUrl": "is missing; write where DSM is, as https://10.0.0.150:5001"})
    url = urlsplit(to.dsm_url)
    if url.scheme == "https":
        fingerprint = await certificate_fingerprint(url.hostname or "", url.port or 443, min(to.timeout, 10.0))
        shown = Shown(
            "dsmFingerprint",
            "SHA-256 fingerprint of DSM's certificate",
            fingerprint,
            fingerprint,
            "Control Panel, Security, Certificate",
            "",
            where="in DSM",
            option=" --dsm",
        )
        held = {"dsmFingerprint": to.dsm_fingerprint} if to.dsm_fingerprint else stored
        if code := await compared(pulumi, url.hostname or "", [shown], held, yes=yes, replace=replace):
            return code
        to = to.model_copy(update={"dsm_fingerprint": fingerprint})
    dsm = Dsm(to)
    try:
        await dsm.enter()
    except CodeWanted:
        say(f"{dsm.subject} asks for a one-time code of {to.dsm_account}.")
    else:
        say(f"{dsm.subject} lets {to.dsm_account} in.")
        return WELL
    finally:
        await dsm.close()
    return await _device(pulumi, Dsm(to))


async def _device(pulumi: PulumiCli, dsm: Dsm) -> int:
    try:
        code = typer.prompt("Code").strip()
    except typer.Abort:
        say("Nothing was stored.", err=True)
        return TROUBLE
    try:
        device = await dsm.trust(code)
    finally:
        await dsm.close()
    name = await pulumi.name()
    record = Journal(place(pulumi.folder), "homebackup trust").of(name, f"stack {name}", say)
    async with record.act(f"pulumi config set {KEY} --secret"):
        await pulumi.keep_secret(KEY, device)
    say(f"This machine needs no code any more; what proves it is stored in stack {name} as a secret.")
    return WELL
