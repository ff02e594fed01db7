"""The NFS rules of a shared folder as Synology's DSM keeps them: one list, read and saved as a whole; pure.

What a rule has, and that a list is replaced as a whole, are reports of people who tried it on DSM 7.3 and 7.4.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from homebackup.model.dsm_kinds import FLAVORS

Rule = Mapping[str, Any]
FIELDS = frozenset("client privilege root_squash async insecure crossmnt security_flavor".split())
"""What every rule has."""
RENAMED = "id"
"""What an edited rule may have beside: the client it had before."""
NEWER: Mapping[str, str] = {"none": "no_map", "root-to-admin": "root_admin", "root-to-guest": "root_guest"}
OLDER: Mapping[str, str] = {"none": "root", "root-to-admin": "admin", "root-to-guest": "guest"}
"""Whom a rule maps, in the two vocabularies that are told of: with DSM 7.3.2 somebody was refused the older."""
EVERYBODY: Mapping[str, str] = {"all-to-admin": "all_admin", "all-to-guest": "all_guest"}
"""The rest of it, which is the same in both."""
_MEANING = {word: ours for words in (NEWER, OLDER, EVERYBODY) for ours, word in words.items()}


def squash(word: Any) -> Any:
    """What a rule's word for whom it maps means; a word that nobody told of is left as it is."""
    return _MEANING.get(word, word)


def squashed(meant: str, beside: Iterable[Rule]) -> str:
    """The word for whom a rule maps, in the vocabulary of the rules beside it."""
    newer = any(rule.get("root_squash") in NEWER.values() for rule in beside)
    return {**(NEWER if newer else OLDER), **EVERYBODY}[meant]


def of(rules: Iterable[Rule], client: str) -> list[Rule]:
    """The rules of one client."""
    return [rule for rule in rules if str(rule.get("client", "")).casefold() == client.casefold()]


def strange(rules: Iterable[Any]) -> str:
    """Why a list cannot be saved again without the risk of a loss; empty when it can."""
    for rule in rules:
        if not isinstance(rule, Mapping):
            return f"one of its rules is {type(rule).__name__} and no mapping"
        name = rule.get("client", "without a client")
        flavors = rule.get("security_flavor")
        odd = sorted(rule.keys() - FIELDS - {RENAMED}) or sorted(f"no {field}" for field in FIELDS - rule.keys())
        if not odd and (not isinstance(flavors, Mapping) or set(flavors) != set(FLAVORS)):
            odd = ["another security_flavor"]
        if odd:
            return f"its rule of {name} has {', '.join(odd)}, which is not known here"
    return ""
