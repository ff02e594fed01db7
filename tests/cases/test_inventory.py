"""The inventory edited in place: what is not ours keeps every byte, and what cannot be edited safely is refused."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from homebackup.model.inventory import Malformed, read
from homebackup.model.inventory_edits import Scalar, put, without

NAME = "home-vm-100-ha-primary"
WANTED: dict[str, Scalar] = {
    "enabled": False,
    "kind": "file_glob",
    "host": "proxmox-home",
    "base_path": "/mnt/nas-backups/dump",
    "glob": "vzdump-qemu-100-*.vma.zst",
    "stale_after_hours": 26,
    "classification": "critical",
    "notes": None,
}
ENTRY = """\
- name: home-vm-100-ha-primary
  enabled: false
  kind: file_glob
  host: proxmox-home
  base_path: "/mnt/nas-backups/dump"
  glob: "vzdump-qemu-100-*.vma.zst"
  stale_after_hours: 26
  classification: critical
"""
OTHER = "# shop\n- name: vm-200  # first\n  enabled: yes\n  notes: |\n    a\n\n# the end\n"


def indented(text: str) -> str:
    return "".join(f"  {line}\n" if line else "\n" for line in text.splitlines())


ADDED = {
    "no file": ("", ENTRY),
    "comments alone": ("# mine\n", "# mine\n" + ENTRY),
    "a key without a list": ("v: 1\ntargets:\nw: 2\n", "v: 1\ntargets:\n" + indented(ENTRY) + "w: 2\n"),
    "an empty list": ("targets: []  # none yet\n", "targets:  # none yet\n" + indented(ENTRY)),
    "one entry": (OTHER, OTHER.replace("    a\n", "    a\n\n" + ENTRY)),
    "entries close together": ("- name: a\n- name: b\n", "- name: a\n- name: b\n" + ENTRY),
    "entries set off": ("- name: a\n\n- name: b\n", "- name: a\n\n- name: b\n\n" + ENTRY),
    "no line feed at the end": ("- name: a\n- name: b", "- name: a\n- name: b\n" + ENTRY[:-1]),
    "carriage returns": ("- name: a\r\n- name: b\r\n", "- name: a\r\n- name: b\r\n" + ENTRY.replace("\n", "\r\n")),
    "under a key, not indented": ("t:\n- name: a\n- name: b\nz: 1\n", f"t:\n- name: a\n- name: b\n{ENTRY}z: 1\n"),
    "beside another list of names": (
        "hosts:\n  - name: x\nentries:\n  - name: a\n    glob: g\n  - name: b\n",
        "hosts:\n  - name: x\nentries:\n  - name: a\n    glob: g\n  - name: b\n" + indented(ENTRY),
    ),
}


@pytest.mark.parametrize("what", ADDED)
def test_an_entry_is_added_behind_the_last_one_and_its_removal_leaves_what_was(what: str) -> None:
    before, after = ADDED[what]
    assert put(before.encode(), NAME, WANTED).decode() == after
    back = without(after.encode(), NAME).decode()
    assert back == ("v: 1\ntargets: []\nw: 2\n" if what == "a key without a list" else before)


CHANGED: dict[str, tuple[str, dict[str, Scalar], str]] = {
    "nothing": (
        "- name: a\n  enabled: off\n  stale_after_hours: '26'\n",
        {"enabled": False, "stale_after_hours": 26},
        "",
    ),
    "flipped, its comment kept": (
        "- name: a\n  enabled: false  # flip true later\n",
        {"enabled": True},
        "- name: a\n  enabled: true  # flip true later\n",
    ),
    "added in its place": (
        "- name: a\n  owner: me\n  kind: file_glob # k\n  tags: [x]\n",
        {"enabled": True, "kind": "file_glob", "host": "pve"},
        "- name: a\n  enabled: true\n  owner: me\n  kind: file_glob # k\n  host: pve\n  tags: [x]\n",
    ),
    "without a value": ("- name: a\n  host:\n", {"host": "pve"}, "- name: a\n  host: pve\n"),
    "over several lines": (
        "- name: a\n  notes: >-\n    one\n    two\n\n# c\n",
        {"notes": "x"},
        '- name: a\n  notes: "x"\n\n# c\n',
    ),
    "taken out": ("- name: a\n  notes: x  # why\n  host: h\n", {"notes": None}, "- name: a\n  host: h\n"),
    "taken out at the end": ("- name: a\n  notes: x", {"notes": None}, "- name: a"),
    "taken out behind the dash": ("-   notes: x\n    name: a\n", {"notes": None}, "-   name: a\n"),
    "a value of another kind": (
        "- name: a\n  host:\n    - x\n    - y\n",
        {"host": "pve"},
        "- name: a\n  host:\n    pve\n",
    ),
    "odd indents": ("  -   name: a\n\n      host: x\n", {"host": "y"}, "  -   name: a\n\n      host: y\n"),
    "a list elsewhere": (
        "- name: a\n  host: x\n- {name: b, host: x}\n",
        {"host": "y"},
        "- name: a\n  host: y\n- {name: b, host: x}\n",
    ),
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_field_is_changed_alone(what: str) -> None:
    before, wanted, after = CHANGED[what]
    assert put(before.encode(), "a", wanted).decode() == (after or before)


REFUSED = {
    "no YAML": ("a: [\n", 2, 1),
    "a tab that indents": ("- name: a\n\tenabled: true\n", 2, 1),
    "a tab in a value that goes on": ("- name: a\n  x: b\n  \tc\n", 3, 3),
    "a name twice": ("- name: a\n- name: b\n- name: a\n", 3, 3),
    "a field twice": ("- name: a\n  host: x\n  host: y\n", 3, 3),
    "no name": ("- name: a\n- host: x\n", 2, 3),
    "a name that is a list": ("- name: [a]\n", 1, 3),
    "two documents": ("- name: a\n---\n- name: b\n", 2, 1),
    "no list": ("version: 1\n", 1, 1),
    "a word": ("hello\n", 1, 1),
    "two lists alike": ("a:\n  - name: x\nb:\n  - name: y\n", 3, 1),
    "brackets": ("[{name: a}]\n", 1, 1),
    "not UTF-8": ("- name: a\n  notes: \udcff\n", 2, 10),
    "a control character": ("- name: a\n  x: \x07\n", 2, 6),
    "a line end of its own": ("- name: a # x\x85- name: b\n", 1, 14),
    "too deep": ("[" * 9000, 1, 1),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_edited_safely_is_refused_with_line_and_column(what: str) -> None:
    text, line, column = REFUSED[what]
    content = text.encode("utf-8", "surrogateescape")
    for act in (read, lambda c: put(c, NAME, WANTED), lambda c: without(c, NAME)):
        with pytest.raises(Malformed) as caught:
            act(content)
        assert (caught.value.line, caught.value.column) == (line, column), str(caught.value)


ENTANGLED = {
    "in braces": "- {name: a, host: x}\n",
    "an anchor that others use": "- name: a\n  host: &h x\n- name: b\n  host: *h\n",
}


@pytest.mark.parametrize("what", ENTANGLED)
def test_an_entry_that_cannot_be_changed_by_itself_is_refused(what: str) -> None:
    with pytest.raises(Malformed, match="'a'"):
        put(ENTANGLED[what].encode(), "a", {"host": "y"})


def test_a_use_of_an_anchor_is_replaced_where_it_stands() -> None:
    text = "- name: a\n  host: &h x\n- name: b\n  host: *h # same\n"
    assert put(text.encode(), "b", {"host": "y"}).decode() == text.replace("*h #", "y #")


COMMENT = st.sampled_from(["", "", "# c", "# ---", "# - name: no", '# "quote'])
VALUE = st.sampled_from(
    ["x", "",
     '"a: # b"', "'it''s'", "[1, {{a: b}}]", "|\n{0}  block\n{0}  # no comment\n", ">-\n{0}  folded\n\n{0}  on",
     "\n{0}  - deep\n{0}  - {{}}", "2026-01-01", "a\n{0}  goes on"]
)  # fmt: skip


@st.composite
def inventories(draw: st.DrawFn) -> tuple[str, list[str]]:
    """An inventory in any style that people write, and the names in it."""
    indent = draw(st.sampled_from(["", "  ", "    "]))
    names = [f"other-{n}" for n in range(draw(st.integers(1, 5)))]
    lines = [draw(COMMENT), "version: 3", "targets:  # t"] if indent or draw(st.booleans()) else [draw(COMMENT)]
    gap = draw(st.sampled_from([[], [""], ["", "# next"]]))
    for name in names:
        inner = indent + "  "
        lines += [*gap, f"{indent}- name: {name} {draw(COMMENT)}".rstrip()]
        for n in range(draw(st.integers(0, 3))):
            comment = draw(COMMENT)
            lines += [inner + comment] if comment else []
            lines.append(f"{inner}f{n}: {draw(VALUE).format(inner)}")
    lines += ["", draw(COMMENT)] + (["after: {a: [b]}"] if "version: 3" in lines else [])
    text = "\n".join(lines).rstrip("\n") + draw(st.sampled_from(["", "\n", "\n\n"]))
    return (text.replace("\n", "\r\n") if draw(st.booleans()) else text), names


fields = st.fixed_dictionaries(
    {
        "enabled": st.booleans(),
        "host": st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1),
        "stale_after_hours": st.integers(1, 10**6),
        "classification": st.sampled_from(["critical", "yes", "null", "1e3", "~", "- a", "a: b", "#"]),
        "notes": st.none() | st.text(st.characters(exclude_categories=["Cc", "Cs"])),
    }
)


@settings(max_examples=80, deadline=None)
@given(inventories(), fields)
def test_adding_and_removing_brings_back_every_byte(
    inventory: tuple[str, list[str]], wanted: dict[str, Scalar]
) -> None:
    content = inventory[0].encode()
    added = put(content, NAME, wanted)
    assert without(added, NAME) == content
    assert put(added, NAME, wanted) == added
    data = yaml.safe_load(added)
    (entry,) = [e for e in (data["targets"] if isinstance(data, dict) else data) if e["name"] == NAME]
    assert entry == {"name": NAME} | {f: v for f, v in wanted.items() if v is not None}


@settings(max_examples=80, deadline=None)
@given(inventories(), fields, fields, st.data())
def test_a_change_of_one_entry_leaves_every_byte_around_it(
    inventory: tuple[str, list[str]], first: dict[str, Scalar], second: dict[str, Scalar], data: st.DataObject
) -> None:
    text, names = inventory
    name = data.draw(st.sampled_from(names))
    entry = read(text.encode()).entries[name]
    before, after = text[: entry.start].encode(), text[entry.end :].encode()
    content = text.encode()
    for wanted in (first, second):
        content = put(content, name, wanted)
        assert content.startswith(before)
        assert content.endswith(after)
        middle = content[len(before) : len(content) - len(after)]
        kept = [line for line in text[entry.start : entry.end].splitlines() if line.strip().startswith("#")]
        assert [line for line in kept if line not in middle.decode()] == []


@settings(max_examples=40, deadline=None)
@given(inventories(), st.permutations(range(4)), st.permutations(range(4)))
def test_several_entries_come_and_go_in_any_order(
    inventory: tuple[str, list[str]], coming: list[int], going: list[int]
) -> None:
    content = inventory[0].encode()
    text = content
    for n in coming:
        text = put(text, f"mine-{n}", {"enabled": True, "glob": f"*{n}"})
    for n in going:
        text = without(text, f"mine-{n}")
    assert text == content


@settings(max_examples=80, deadline=None)
@given(st.text(st.sampled_from("-: \n\tname#[]{}&*|'\"\r"), max_size=60))
def test_any_text_is_edited_rightly_or_refused(text: str) -> None:
    try:
        added = put(text.encode(), NAME, WANTED)
    except Malformed:
        return
    assert read(added).entries[NAME].values["host"] == "proxmox-home"
