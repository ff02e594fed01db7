"""The named formats of parameters: what each accepts and the text that Proxmox refuses with."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from lab.pve.privileges import ALL
from pverules.calendar import complaint as calendar_complaint
from pverules.formats import complaint

Check = Callable[[str], None]
CHECKS: dict[str, Check] = {}
UNPARSED = "unable to parse calendar event"
CONTENT = ("images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import", "none")


def split_list(text: str) -> list[str]:
    """The elements of a list: separated by NUL if there is one, else by commas, semicolons, blanks; no empty ones."""
    return [item for item in (text.split("\0") if "\0" in text else re.split(r"[,;\s]+", text)) if item]


def check_format(name: str, text: str, path: str = "") -> None:
    """Raise ValueError with Proxmox's text (line feed included) unless `text` has the named format."""
    base, dash, kind = name.rpartition("-")
    if dash and kind in ("list", "alist"):
        check = CHECKS[base]
        for item in split_list(text):
            check(item)
    elif dash and kind == "opt":
        if text and text != "0":
            CHECKS[base](text)
    elif name in CHECKS:
        CHECKS[name](text)
    else:
        split(name, text, path)


def split(name: str, text: str, path: str = "") -> dict[str, Any]:
    """The keys and texts of a property string of a named format, in its normal form; raises ValueError."""
    found: dict[str, Any] = _strings()[name].split(text, path or name)
    rule = RULES.get(name)
    return rule(found) if rule else found


@cache
def _strings() -> dict[str, Any]:
    from lab.pve.routes import FORMATS
    from lab.pve.schema import Schema

    return {name: Schema(data) for name, data in FORMATS.items() if isinstance(data, dict)}


def accepts(name: str) -> Callable[[Check], Check]:
    """Make the function the check of a named format."""

    def register(check: Check) -> Check:
        CHECKS[name] = check
        return check

    return register


def pattern(name: str, regex: str, refusal: str, flags: int = 0) -> None:
    """Make a regular expression the check of a named format; `{}` in the refusal is the text."""
    compiled = re.compile(regex, flags)

    def check(text: str) -> None:
        if not compiled.fullmatch(text):
            raise ValueError(refusal.replace("{}", text) + "\n")

    CHECKS[name] = check


HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?)"
OCTET = r"(?:25[0-5]|(?:2[0-4]|1[0-9]|[1-9])?[0-9])"
IPV4 = rf"(?:{OCTET}\.){{3}}{OCTET}"
IPV6 = r"\[?(?=.*:)[0-9a-fA-F:.]+\]?"
SERVER = rf"{IPV4}|{IPV6}|{HOST}(?:\.{HOST})*"
EMAIL = r"[\w+\-~]+(?:\.[\w+\-~]+)*@[a-zA-Z0-9\-]+(?:\.[a-zA-Z0-9\-]+)*"
USER = r"[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+"


def _shared(name: str) -> None:
    def check(text: str) -> None:
        if words := complaint(name, text):
            raise ValueError(words + "\n")

    CHECKS[name] = check


for _name in ("pve-storage-id", "pve-configid", "pve-vmid", "pve-node"):
    _shared(_name)
pattern("pve-day-of-week", r"mon|tue|wed|thu|fri|sat|sun", "invalid day '{}'")
pattern("pve-storage-content", "|".join(CONTENT), "invalid content type '{}'")
pattern("pve-storage-path", r"/[^;()].*", "value does not look like a valid absolute path")
pattern("pve-storage-options", r"\S+", "invalid options '{}'")
pattern("pve-storage-vgname", r"[a-z][a-z0-9\-_.]*[a-z0-9]", "lvm name '{}' contains illegal characters", re.I)
pattern("pve-storage-server", SERVER, "value does not look like a valid server name or IP address")
pattern("pve-poolid", r"[A-Za-z0-9.\-_]+(?:/[A-Za-z0-9.\-_]+){0,2}", "pool name '{}' contains invalid characters")
pattern("pve-realm", r"[A-Za-z][A-Za-z0-9.\-_]+", "value does not look like a valid realm")
pattern("pve-volume-id", r"[a-z][a-z0-9\-_.]*[a-z0-9]:.+", "unable to parse volume ID '{}'", re.I)
pattern("pve-task-status-type", r"ok|error|warning|unknown", "invalid status '{}'", re.I)
pattern("pve-userid", USER, "value '{}' does not look like a valid user name")
pattern("pve-roleid", r"[A-Za-z0-9.\-_]+", "role name '{}' contains invalid characters")
pattern("pve-groupid", r"[A-Za-z0-9.\-_]+", "group name '{}' contains invalid characters")
pattern("pve-tokenid", rf"{USER}![A-Za-z][A-Za-z0-9.\-_]+", "value '{}' does not look like a valid token ID")
pattern("pve-priv", "|".join(map(re.escape, ALL)), "invalid privilege '{}'")
pattern("pve-dir-override", rf"(?:{'|'.join(CONTENT)})=[^.]*(?:\.?[^.]+)+", "invalid override '{}'")
pattern("email-or-username", r".*[\w+\-~].*", "value does not look like a valid email address or user name")
pattern("email-opt", rf"(?:{EMAIL})?", "value does not look like a valid email address")
pattern("dns-name", rf"{HOST}(?:\.{HOST})*", "value does not look like a valid DNS name")
pattern("disk-size", r"\d+(?:\.\d+)?[KMGT]?", "value does not look like a valid disk size: {}")
pattern("pve-lxc-mp-string", r"(?!.*(?:/\.\.?(?:/|$)|//)).*", "{} contains illegal character sequences")
pattern("pve-storage-portal-dns", rf"(?:{SERVER})(?::\d+)?", "value does not look like a valid portal address")
pattern("storage-pair", r"[a-zA-Z][\w.\-]*[a-zA-Z0-9](?::[a-zA-Z][\w.\-]*[a-zA-Z0-9])?|1", "invalid storage pair '{}'")
pattern("CIDR", rf"{IPV4}/\d{{1,2}}|{IPV6}/\d{{1,3}}", "value does not look like a valid CIDR network")


@accepts("pve-calendar-event")
def calendar_event(text: str) -> None:
    """A schedule that Proxmox's calendar grammar knows. The handlers' texts have a dash before what the parser says."""
    if words := calendar_complaint(text):
        raise ValueError(words.replace(f"{UNPARSED} at", f"{UNPARSED} - at", 1) + "\n\n")


def _retention(keep: dict[str, Any]) -> dict[str, Any]:
    counts = {key: value for key, value in keep.items() if key != "keep-all"}
    if not any(int(value) > 0 for value in counts.values()):
        return {"keep-all": 1}
    if keep.get("keep-all", "0") != "0":
        raise ValueError("keep-all cannot be set together with other options.\n")
    return counts


def _fleecing(fleecing: dict[str, Any]) -> dict[str, Any]:
    if fleecing.get("enabled", "0") != "0" and "storage" not in fleecing:
        raise ValueError("'storage' parameter is required when 'enabled' is set\n")
    return fleecing


RULES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "prune-backups": _retention,
    "backup-fleecing": _fleecing,
}
"""What a property string of a format must meet beyond its keys, and its normal form."""
