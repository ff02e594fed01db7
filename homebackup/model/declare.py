"""Declare a resource once: its fields, their rules and meanings; everything else about it is derived from that.

A resource is a frozen class; a field's rules are its annotated type (pydantic checks it), its meaning is the string
under it. What Proxmox VE says and what Pulumi says of a field pass through the same validation, so both have one
normal form.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass
from dataclasses import fields as dataclass_fields
from functools import cache
from itertools import pairwise
from typing import Any, ClassVar, Protocol, TypeVar, dataclass_transform, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from homebackup.model import reasons
from homebackup.model.spelling import Absent, Encode, Spelled, Wire, spelled

Value = Any
"""A field's value in normal form: None, bool, int, str, frozenset, tuple or mapping."""

UNKNOWN: Value = type("Unknown", (), {"__repr__": lambda self: "UNKNOWN"})()
"""Stands for a value that a preview cannot know yet."""


@dataclass(frozen=True)
class Mark:
    """A bare rule on a field."""

    name: str


key = Mark("key")
"""A field that names the resource; changing it makes another resource. Of several, the last is what people call it."""
replaces = Mark("replaces")
"""A field that Proxmox VE cannot change in place."""
https_only = Mark("https_only")
"""An option that pvesh keeps for itself, so that only the API over https can set it."""
secret = Mark("secret")
"""A field that never reaches plain state, a log or a process's arguments."""
written = Mark("written")
"""A field that is always sent: Proxmox VE does not allow its deletion, or its default is not what absence means."""
unordered = Mark("unordered")
"""A sequence whose order is kept for writing and means nothing in a comparison."""
observed = Mark("observed")
"""What is seen of the resource; its default is what is wanted, and nobody sets it."""
remembered = Mark("remembered")
"""What is kept of an earlier look in the state; nobody sets it, and it is never compared."""
aside = Mark("aside")
"""What the program tells of its intent: Proxmox VE is never told, and it is never compared."""
loose = Mark("loose")
"""A field that is not managed while the program does not give it: what is there stays, whoever set it."""
root_only = Mark("root_only")
"""Only root@pam with a password, or ssh, may set this option; no API token can."""

ROOT_ONLY = (
    "only root@pam itself may set it, no API token can; use api: ssh, or user root@pam with a password, "
    "or put it into the node's /etc/vzdump.conf with a VzdumpDefaults resource, where it applies to every backup"
)
"""What to do about an option marked so."""
HTTPS_ONLY = "pvesh takes this option for its own, so it cannot be set over ssh; use api: https, or leave it out"
"""Likewise."""


@dataclass(frozen=True)
class Says:
    """How a sentence on an observed field begins, which its value ends: `the heal timer is`."""

    words: str


@dataclass(frozen=True)
class Given:
    """A rule for what a program gives, which Proxmox VE's own answers need not keep.

    It raises ValueError for what is refused, and returns sentences on what is allowed but likely not meant.
    """

    rule: Callable[[Value], list[str]]


@dataclass(frozen=True)
class Field:
    """One declared field of a resource, with all that is derived from its annotation."""

    name: str
    kind: Any
    docs: Callable[[], Mapping[str, str]]
    default: Value
    marks: frozenset[Mark]
    wire: str
    absent: Value
    spell: Callable[[Value], Spelled]
    given: tuple[Callable[[Value], list[str]], ...] = ()
    says: str = ""

    @property
    def adapter(self) -> "TypeAdapter[Value]":
        """What checks a value, made when the first value comes."""
        return _adapter(self.kind)

    @property
    def doc(self) -> str:
        """Its meaning: the string under it, read from the source only when somebody asks."""
        return " ".join(self.docs().get(self.name, "").split())

    @property
    def required(self) -> bool:
        """True when the program has to give it."""
        return self.default is MISSING

    @property
    def camel(self) -> str:
        """Its name in Pulumi."""
        head, *tail = self.name.split("_")
        return head + "".join(map(str.title, tail))

    def same(self, one: Value, other: Value) -> bool:
        """True when both mean the same."""
        if {remembered, aside} & self.marks:
            return True
        if unordered in self.marks and one is not None and other is not None:
            return frozenset(one) == frozenset(other)
        return bool(one == other)

    def told(self, value: Value) -> bool:
        """True when Proxmox VE is told of the value: one that means nothing is left out, unless always written."""
        if {observed, aside} & self.marks or value is None:
            return False
        return written in self.marks or not self.same(value, self.absent)

    def normal(self, value: Value) -> Value:
        """The value in normal form; raises ValueError with the reason as text.

        An empty text, list or mapping is no value where a field may go without one: Proxmox VE keeps none of them.
        """
        try:
            found = self.adapter.validate_python(value)
        except ValidationError as error:
            raise ValueError("; ".join(dict.fromkeys(_reason(e) for e in error.errors()))) from None
        return None if self.default is None and found in ("", (), frozenset(), {}) else found


class Declared(Protocol):
    """What the `resource` decorator makes of a class."""

    fields: ClassVar[tuple[Field, ...]]
    key: ClassVar[Field]
    noun: ClassVar[str]

    def problems(self) -> Iterator[tuple[str, str]]:
        """Pairs of a field's name and what is wrong with it beside the others."""


def name_of(cls: type[Declared], values: Mapping[str, Value]) -> str:
    """What a resource is called where one text has to name it: its key, several of them with # between."""
    return "#".join(str(values[f.name]) for f in cls.fields if key in f.marks)


T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def resource(cls: type[T]) -> type[T]:
    """The class frozen, with `fields` and `key` read from its annotations."""
    made: Any = dataclass(frozen=True, kw_only=True)(cls)
    hints, docs = get_type_hints(made, include_extras=True), cache(lambda: docstrings(made))
    made.fields = tuple(_field(f.name, hints[f.name], docs, f.default) for f in dataclass_fields(made))
    *_, made.key = (f for f in made.fields if key in f.marks)
    return made  # type: ignore[no-any-return]


def _field(name: str, hint: Any, docs: Callable[[], Mapping[str, str]], default: Value) -> Field:
    extras = _extras(hint)
    absent = next((e.value for e in extras if isinstance(e, Absent)), None)
    return Field(
        name=name,
        kind=hint,
        docs=docs,
        default=default,
        marks=frozenset(e for e in extras if isinstance(e, Mark)),
        wire=next((e.name for e in extras if isinstance(e, Wire)), name.replace("_", "-")),
        absent=absent,
        spell=next((e.spell for e in extras if isinstance(e, Encode)), spelled),
        given=tuple(e.rule for e in extras if isinstance(e, Given)),
        says=next((e.words for e in extras if isinstance(e, Says)), ""),
    )


def _extras(hint: Any) -> list[Any]:
    """Every annotation on the hint, also those inside `X | None`."""
    if not hasattr(hint, "__metadata__"):
        return [extra for argument in get_args(hint) if get_origin(hint) is not None for extra in _extras(argument)]
    return [*hint.__metadata__, *_extras(hint.__origin__)]


@cache
def _adapter(hint: Any) -> "TypeAdapter[Value]":
    return TypeAdapter(hint)


def _reason(error: Any) -> str:
    """Pydantic's complaint as the end of a sentence, with the place inside the value before it."""
    where = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"] if "[" not in str(part)
    )
    text = reasons.reason(error)
    return f"{where}: {text}" if where and error["type"] != "value_error" else text


def docstrings(cls: type) -> dict[str, str]:
    """The string under each annotated field of the class and of what it inherits."""
    found: dict[str, str] = {}
    for part in reversed(cls.__mro__[:-1]):
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(part))).body
        body = tree.body if isinstance(tree, ast.ClassDef) else []
        for field, text in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                found[getattr(field.target, "id", "")] = str(text.value.value)
    return found


def check(cls: type[Declared], given: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, str]]:
    """Inputs in normal form with defaults filled in, and for each wrong field (Python name) the reason.

    A value that is UNKNOWN passes through; observed fields always become what is wanted.
    """
    known = {f.name: f for f in cls.fields}
    wrong = dict.fromkeys(given.keys() - known.keys(), f"is not a property of {cls.__name__}")
    right: dict[str, Value] = {}
    for f in known.values():
        value = f.default if {observed, remembered} & f.marks else given.get(f.name)
        if value is UNKNOWN:
            right[f.name] = UNKNOWN
            continue
        value = f.default if value is None else value
        if value is MISSING:
            wrong[f.name] = "is required"
        elif value is None:
            right[f.name] = None
        else:
            try:
                right[f.name] = f.normal(value)
                for rule in f.given:
                    rule(value)
            except ValueError as error:
                wrong[f.name] = str(error)
    if not wrong and UNKNOWN not in right.values():
        for name, reason in cls(**right).problems():
            wrong.setdefault(name, reason)
    return right, wrong


def doubts(cls: type[Declared], given: Mapping[str, Value]) -> list[str]:
    """Sentences on what a program gives that is allowed but likely not meant; only for what `check` found right."""
    values = ((f, given.get(f.name)) for f in cls.fields)
    return [said for f, v in values if v is not None and v is not UNKNOWN for rule in f.given for said in rule(v)]


def doubtful(cls: type[Declared], inputs: Mapping[str, Value]) -> list[str]:
    """Sentences on values in normal form that do not do together what is meant; none while one is not known yet."""
    rule: Callable[[Declared], Iterator[tuple[str, str]]] | None = getattr(cls, "doubtful", None)
    if rule is None or UNKNOWN in inputs.values():
        return []
    return [f"{said}; {instead}" for said, instead in rule(cls(**inputs))]


def changes(cls: type[Declared], old: Mapping[str, Value], new: Mapping[str, Value]) -> dict[str, bool]:
    """The fields that differ, each with True where the difference needs a replacement."""
    return {
        f.name: bool({replaces, key} & f.marks)
        for f in cls.fields
        if not f.same(old.get(f.name, f.absent), new.get(f.name, f.absent))
    }
