"""Sections of a document edited in place: what stands around them keeps every byte, and broken markers are refused."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from homebackup.model.marked_sections import Malformed, like_marker, marker, put, read, without
from homebackup.resources import RESOURCES
from tests.cases.bad_input import refused

BEGIN, END = marker("begin", "home"), marker("end", "home")
SECTION = f"{BEGIN}\n\nTiers\n\n| a |\n\n{END}\n"
SAYS = "Tiers\n\n| a |"
ADDED = {
    "no file": ("", SECTION),
    "a file": ("# Mine\n", f"# Mine\n\n{SECTION}"),
    "a blank line at the end": ("# Mine\n\n", f"# Mine\n\n\n{SECTION}"),
    "no line feed at the end": ("# Mine", f"# Mine\n\n{SECTION[:-1]}"),
    "carriage returns": ("# Mine\r\n", f"# Mine\r\n\r\n{SECTION}".replace("\r\n", "\n").replace("\n", "\r\n")),
    "carriage returns, none at the end": ("a\r\nb", f"a\nb\n\n{SECTION[:-1]}".replace("\n", "\r\n")),
    "a mark of order": ("\ufeff# Mine\n", f"\ufeff# Mine\n\n{SECTION}"),
    "nothing but a mark of order": ("\ufeff", f"\ufeff{SECTION}"),
    "another section": (SECTION.replace("home", "shop"), f"{SECTION.replace('home', 'shop')}\n{SECTION}"),
    "what only looks like one in a line": ("see <!-- homebackup: begin home -->\n", None),
}


@pytest.mark.parametrize("what", ADDED)
def test_a_section_is_added_at_the_end_and_its_removal_leaves_what_was(what: str) -> None:
    before, after = ADDED[what]
    made = put(before.encode(), "home", SAYS)
    assert after is None or made.decode() == after
    assert read(made).content("home") == SAYS
    assert put(made, "home", SAYS) == made
    assert without(made, "home") == before.encode()
    assert without(before.encode(), "home") == before.encode()


def test_what_the_section_says_is_replaced_where_it_stands() -> None:
    text = f"# Mine\n  {BEGIN}  \nby hand\n{END}\nbehind\r\n"
    made = put(text.encode(), "home", SAYS).decode()
    assert made == f"# Mine\n  {BEGIN}  \n\n{SAYS}\n\n{END}\nbehind\r\n"
    assert without(made.encode(), "home").decode() == "# Mine\nbehind\r\n"
    other = text.replace("\n", "\r\n").replace("\r\r", "\r")
    assert read(other.encode()).content("home") == "by hand"
    assert put(other.encode(), "home", SAYS).decode().count("\n") == put(other.encode(), "home", SAYS).count(b"\r\n")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (f"a\n{SECTION}{SECTION}", 9, "section home is there already, in line 2"),
        (f"a\n{BEGIN}\nb\n", 2, "section home begins here and never ends; write <!-- homebackup: end home -->"),
        (f"a\n{END}\n", 2, "section home ends here and never begins"),
        (f"{BEGIN}\n{marker('begin', 'shop')}\n{END}\n", 2, "section shop begins before home, of line 1, has ended"),
        (f"{BEGIN}\n{marker('end', 'shop')}\n{END}\n", 2, "section shop ends here inside home, of line 1"),
        (f"{BEGIN} and more\n{END}\n", 1, "looks like a marker and is none"),
        ("\n<!-- homebackup: begin -->\n", 2, "looks like a marker and is none"),
        ("\n\n<!-- homebackup: start home -->", 3, "looks like a marker and is none"),
    ],
)
def test_markers_that_do_not_fit_together_are_refused_with_their_line(text: str, line: int, said: str) -> None:
    for content in (text, text.replace("\n", "\r\n")):
        for edit in (read, lambda content: put(content, "home", "x"), lambda content: without(content, "home")):
            with pytest.raises(Malformed) as refusal:
                edit(content.encode())
            assert refusal.value.line == line
            assert said in refusal.value.said


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [(b"a\nb\xe9\n", 2, "is no UTF-8"), (b"a\n\nb\0\n", 3, "is no text"), ("# Mine\n".encode("utf-16"), 1, "UTF-8")],
)
def test_what_is_no_text_is_refused(content: bytes, line: int, said: str) -> None:
    with pytest.raises(Malformed, match=said) as refusal:
        put(content, "home", "x")
    assert refusal.value.line == line


_PIECE = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n", " \n", "\ufeff", "```", "<!-- a -->\n", SECTION.replace("home", "x")]),
)
_TEXT = st.lists(_PIECE, max_size=8).map("".join)
_SAYS = st.lists(st.text(st.characters(categories=["L", "P", "Zs"]), max_size=9), min_size=1, max_size=4).map("\n".join)


def sections(text: str) -> bool:
    """Whether the markers of a made-up text happen to fit together."""
    try:
        read(text.encode())
    except Malformed:
        return False
    return True


@settings(deadline=None)
@given(_TEXT, _TEXT, _SAYS, _SAYS)
def test_every_other_byte_stays(before: str, after: str, first: str, second: str) -> None:
    assume(sections(before) and first.strip("\n") and second.strip("\n"))
    assume(not like_marker(first) and not like_marker(second))
    made = put(before.encode(), "home", first.strip("\n"))
    assert made.startswith(before.encode())
    assert without(made, "home") == before.encode()
    text = made.decode() + ("" if made.endswith(b"\n") else "\n") + after
    assume(sections(text))
    section = read(text.encode()).sections["home"]
    changed = put(text.encode(), "home", second.strip("\n")).decode()
    assert changed.startswith(text[: section.inner])
    assert changed.endswith(text[section.outer :])
    assert read(changed.encode()).content("home") == second.strip("\n")
    gone = without(changed.encode(), "home").decode()
    assert gone.endswith(after)
    assert before.startswith(gone.removesuffix(after).rstrip("\r\n"))


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"content": "\n\n"}, {"content": "must say something"}),
        ({"content": "a\x1bb"}, {"content": "control character"}),
        ({"content": f"a\n  {END}"}, {"content": "looks like a marker"}),
        ({"content": 5}, {"content": "must be text"}),
        ({"file": "notes.txt"}, {"file": "is not the path of a Markdown file"}),
        ({"file": "a#b.md"}, {"file": "is not the path of a Markdown file"}),
        ({"section": "a b"}, {"section": "is not a name of letters"}),
        ({"section": "a--"}, {"section": "is not a name of letters"}),
    ],
)
def test_what_a_program_gives_is_checked(given: dict[str, object], wrong: dict[str, str]) -> None:
    refused("DocumentSection", {"file": "A.md", "section": "home", "content": "x"} | given, wrong)


def test_line_ends_and_blank_lines_around_mean_nothing() -> None:
    (content,) = (f for f in RESOURCES["DocumentSection"].fields if f.name == "content")
    assert content.normal("\r\n\r\na\r\n\tb\r\n") == "a\n\tb"
