"""`homebackup app run`, `verify` and `keys` of Home Assistant, which makes backups of its own."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from homebackup.assess.amounts import size
from homebackup.commands import ending
from homebackup.commands.printing import document, say
from homebackup.model.backups.home_assistant import Backup, backups
from homebackup.world.errors import Failed, Missing, Refused
from homebackup.world.home_assistant import HomeAssistant
from homebackup.world.home_assistant_archive import Examined, examine
from homebackup.world.pulumi_cli import PulumiCli
from homebackup.world.stack import Stack

MAKE = "backup/generate_with_automatic_settings"
WRONG_KEY = "password_incorrect"
"""What Home Assistant says of a key that does not open a backup."""


async def make(declared: Stack, name: str) -> int:
    """Make an automatic backup now, and say how it went; the exit code. Raises Trouble where none was begun."""
    client = HomeAssistant(declared.connection)
    try:
        last: dict[str, Any] = {}
        async for event in client.follow(MAKE):
            last = dict(event)
            if stage := event.get("stage"):
                say(f"{name}: {str(stage).replace('_', ' ')}")
        if last.get("state") != "completed":
            say(f"app {name}: its backup failed: {last.get('reason') or 'no reason given'}; see its log", err=True)
            return _bad(declared, name)
        newest = (await _automatic(client, name))[-1]
    finally:
        await client.close()
    for agent, count in sorted(newest.sizes.items()):
        say(f"{newest.name}: {size(count)} at {agent}")
    for agent in newest.failed:
        say(f"{newest.name}: did not get to {agent}; see that its network storage is there", err=True)
    return _bad(declared, name) if newest.failed else ending.WELL


async def check(declared: Stack, name: str, pulumi: PulumiCli, file: Path | None = None) -> int:
    """Say whether the newest automatic backup, or a file, is whole, and opens with a key that is kept.

    Exits 2 where it is not and the app is critical, else 1; raises Trouble where it cannot be seen.
    """
    client = HomeAssistant(declared.connection)
    try:
        keys = await kept(pulumi, client)
        with tempfile.TemporaryDirectory(dir=_space(declared)) as folder:
            path, called = (file, file.name) if file else await _fetched(declared, client, name, Path(folder))
            try:
                found = await asyncio.to_thread(examine, path, keys, called)
            except Failed as broken:
                say(f"bad     {broken}")
                return _bad(declared, name)
    finally:
        await client.close()
    return _said(declared, name, found, len(keys))


def _said(declared: Stack, name: str, found: Examined, keys: int) -> int:
    what = f"{found.name} of {found.date}, {len(found.members)} parts"
    if found.protected and found.opened is None:
        say(f"bad     {what}: none of the {keys} keys that are kept opens it; see homebackup app keys {name}")
        return _bad(declared, name)
    opens = "not encrypted" if found.opened is None else f"opens with key {found.opened + 1} of {keys}"
    say(f"good    {what}: {opens}")
    return ending.WELL


async def keys(declared: Stack, name: str, pulumi: PulumiCli, *, reveal: bool = False, as_json: bool = False) -> int:
    """Say which key that is kept opens which backup; a key itself only where that is asked for.

    Exits 0 where each encrypted backup has its key, else 2 for a critical app and 1 for another.
    """
    client = HomeAssistant(declared.connection)
    try:
        own = await kept(pulumi, client)
        opened = [
            (backup.name, await _key_of(client, backup, own))
            for backup in sorted(backups(await client.ask("backup/info")), key=lambda one: one.written)
            if backup.protected
        ]
    finally:
        await client.close()
    rows: list[dict[str, Any]] = [
        {"key": n, "opens": [backup for backup, number in opened if number == n], **({"value": key} if reveal else {})}
        for n, key in enumerate(own, 1)
    ]
    lost = [backup for backup, number in opened if number is None]
    if as_json:
        document("keys", rows, lost=lost)
    for row in () if as_json else rows:
        told = f" {row['value']}" if reveal else ""
        say(f"key {row['key']}{told}: opens {', '.join(map(str, row['opens'])) or 'no backup that is there'}")
    for backup in () if as_json else lost:
        say(f"{backup}: no key that is kept opens it; look for the emergency kit of its time", err=True)
    return _bad(declared, name) if lost else ending.WELL


async def kept(pulumi: PulumiCli, client: HomeAssistant) -> list[str]:
    """Every key that the stack has kept, and the one that Home Assistant has now, the newest last."""
    told = await client.ask("backup/config/info")
    now = told["config"]["create_backup"].get("password")
    return list(
        dict.fromkeys([*await pulumi.secret_outputs("HomeAssistantBackup", "keptKeys"), *([now] if now else [])])
    )


async def _key_of(client: HomeAssistant, backup: Backup, own: Sequence[str]) -> int | None:
    """The number of the key that opens a backup, the newest tried first; None where none does."""
    for number, key in reversed(list(enumerate(own, 1))):
        asked = {"backup_id": backup.id, "agent_id": min(backup.protected), "password": key}
        try:
            await client.ask("backup/can_decrypt_on_download", asked)
        except Refused as refused:
            if WRONG_KEY not in refused.errors:
                raise
        else:
            return number
    return None


async def _automatic(client: HomeAssistant, name: str) -> list[Backup]:
    found = sorted(backups(await client.ask("backup/info")), key=lambda backup: backup.written)
    if not (made := [backup for backup in found if backup.automatic and backup.sizes]):
        raise Missing(f"app {name}", "there is no automatic backup", f"make one: homebackup app run {name}")
    return made


async def _fetched(declared: Stack, client: HomeAssistant, name: str, folder: Path) -> tuple[Path, str]:
    """The newest automatic backup, downloaded from the first place that has it, and its name."""
    newest, path = (await _automatic(client, name))[-1], folder / "newest.tar"
    places = declared.site.home_assistant.places if declared.site.home_assistant else ()
    await client.download(newest.id, next((one for one in places if one in newest.sizes), min(newest.sizes)), path)
    return path, newest.name


def _space(declared: Stack) -> Path:
    """Where a download lies for a moment: beside the project, which has more room than a directory in memory."""
    place = declared.folder / ".homebackup"
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def _bad(declared: Stack, name: str) -> int:
    return ending.CRITICAL if declared.site.apps[name].classification == "critical" else ending.TROUBLE
