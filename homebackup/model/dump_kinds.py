"""The kinds of value that a dump's fields have, and what a recipe needs of them."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from homebackup.model.inside import GUEST
from homebackup.model.kinds import Text, fitting

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
"""The name of an application that is dumped: it names files and units."""
_PUBLIC = re.compile(r"age1[02-9ac-hj-np-z]{58}|ssh-(ed25519|rsa) [A-Za-z0-9+/=]+( \S+)?")


def _public(text: str) -> str:
    """Never repeats the text, which may be the secret key by mistake."""
    if text.strip().upper().startswith("AGE-SECRET-KEY"):
        raise ValueError("is a secret key, which belongs in no program; write the public key beside it, age1...")
    if not _PUBLIC.fullmatch(text):
        raise ValueError("is not a public key of age, as age-keygen prints one: age1 and 58 characters")
    return text


DumpName = Annotated[str, fitting(NAME.fullmatch, "a name of lower-case letters, digits and - in between")]
GuestName = Annotated[str, fitting(GUEST.fullmatch, "a guest as Proxmox VE names it, such as qemu/102 or lxc/103")]
Recipient = Annotated[Text, AfterValidator(_public)]


def unfit(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a recipe lacks or takes no notice of: a field's name, and what is wrong with it."""
    recipe = values["recipe"]
    for name in ("database", "recipient") if recipe == "vaultwarden" else ("command",):
        if not values[name]:
            why = "; the dump holds the admin token and keys" if name == "recipient" else ""
            yield name, f"is required by recipe {recipe}{why}"
    useless = "command" if recipe == "vaultwarden" else "database"
    if values[useless]:
        yield useless, f"means nothing to recipe {recipe}"
