"""Faults by rule: what shall go wrong, at which request or command, how often."""

from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

WHERE = ("api", "ssh", "disk")
WHEN = ("before", "after", "during")
EFFECTS = ("status", "hang", "reset", "drop", "fail", "html", "half", "empty", "nas")


class BadRule(ValueError):
    """A fault rule that cannot be understood; the text says why."""


@dataclass
class Rule:
    """One fault: the first `skip` matches pass, the next `times` are hit, then it is spent."""

    on: str
    """`api`, `ssh` or `disk`."""
    method: str = "*"
    path: str = "*"
    command: str = "*"
    """Globs on what is asked: method and path of a request or file operation, text of an ssh command."""
    when: str = "before"
    """`before` (nothing is done), `after` (done, the answer is lost) or `during` (stopped in the middle)."""
    effect: str = "fail"
    status: int = 500
    message: str = "injected fault"
    exit: int = 1
    seconds: float = 0.0
    """How long a hang lasts; 0 is for ever."""
    skip: int = 0
    times: int = 1
    """How many matches are hit; -1 is all."""
    after_commands: int = 0
    """With `during` on ssh: how many simple commands still run."""
    nas: str = ""
    """`off` or `on`: switch the NAS at the moment of the hit."""
    hits: int = field(default=0, compare=False)

    @classmethod
    def parse(cls, data: dict[str, Any]) -> "Rule":
        """The rule in a JSON object; raises BadRule naming the key that is wrong."""
        known = {f.name for f in fields(cls)} - {"hits"}
        unknown = sorted(set(data) - known)
        if unknown:
            raise BadRule(f"fault rule: '{unknown[0]}' is not a key; known are {', '.join(sorted(known))}")
        if "on" not in data:
            raise BadRule("fault rule: 'on' is missing; it is api, ssh or disk")
        rule = cls(**data)
        for key, allowed in (("on", WHERE), ("when", WHEN), ("effect", EFFECTS), ("nas", ("", "on", "off"))):
            if getattr(rule, key) not in allowed:
                raise BadRule(f"fault rule: '{key}' is '{getattr(rule, key)}', not one of {', '.join(allowed)}")
        return rule

    def fits(self, on: str, what: dict[str, str]) -> bool:
        """Whether the globs match; a thing not named in `what` only fits the glob `*`."""
        return on == self.on and all(
            fnmatchcase(what.get(key, ""), glob)
            for key in ("method", "path", "command")
            if (glob := getattr(self, key)) != "*"
        )


class Faults:
    """The rules in force, oldest first."""

    def __init__(self) -> None:
        """No faults."""
        self.rules: list[Rule] = []

    def add(self, data: dict[str, Any]) -> Rule:
        """Put a rule in force; raises BadRule."""
        rule = Rule.parse(data)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.rules.clear()

    def match(self, on: str, **what: str) -> Rule | None:
        """The first rule that hits this request, command or file operation, counted down; None when there is none."""
        for rule in self.rules:
            if not rule.fits(on, what):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.times == 0:
                continue
            rule.times -= rule.times > 0
            rule.hits += 1
            return rule
        return None
