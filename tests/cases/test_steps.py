"""Steps as a preview shows them."""

from __future__ import annotations

import pytest

from homebackup.model.steps import Ask, Call, Plan, Run, Step, Write

SHOWN: dict[str, tuple[Step, list[str]]] = {
    "a call without parameters": (Call("DELETE", "/storage/nas"), ["DELETE /storage/nas"]),
    "parameters by name": (
        Call("POST", "/storage", {"type": "dir", "path": "/mnt/a b", "shared": 0}),
        ["POST /storage path='/mnt/a b' shared=0 type=dir"],
    ),
    "a list": (Call("PUT", "/x", {"exclude-path": ["/tmp/*", "*.log"]}), ["PUT /x exclude-path='/tmp/*,*.log'"]),
    "a secret": (
        Call("POST", "/x", {"password": "a'b", "user": "u"}, frozenset({"password"})),
        ["POST /x password=[secret] user=u"],
    ),
    "a secret in a request, however JSON spells it": (
        Ask("home-assistant", "x/y", {"password": 'a"\\b of ours', "name": "u"}, frozenset({'a"\\b of ours'})),
        ['home-assistant x/y {"name": "u", "password": "[secret]"}'],
    ),
    "a digest": (Call("PUT", "/x", {"digest": "0123", "disable": 1}), ["PUT /x disable=1"]),
    "an empty value": (Call("PUT", "/x", {"comment": ""}), ["PUT /x comment=''"]),
    "a command": (Run(("chattr", "+i", "/mnt/nas")), ["# chattr +i /mnt/nas"]),
    "a command that has to be quoted": (
        Run(("systemctl", "restart", r"mnt-nas\x2dbackups.mount")),
        [r"# systemctl restart 'mnt-nas\x2dbackups.mount'"],
    ),
    "a new file": (Write("/etc/x", None, b"a\nb\n"), ["write /etc/x", "  + a", "  + b"]),
    "a line added": (Write("/etc/x", b"a\n", b"a\nb\n"), ["edit /etc/x", "  + b"]),
    "a line taken out": (Write("/etc/x", b"a\nb\n", b"a\n"), ["edit /etc/x", "  - b"]),
    "a line changed": (Write("/etc/x", b"a\nold\n", b"a\nnew\n"), ["edit /etc/x", "  - old", "  + new"]),
    "every line changed": (
        Write("/etc/x", b"a\nb\n", b"c\nd\n"),
        ["edit /etc/x", "  - a", "  - b", "  + c", "  + d"],
    ),
    "lines that look like a difference": (
        Write("/etc/x", b"-- a\n@@ b\n", b"++ a\n@@ b\n@@ c\n"),
        ["edit /etc/x", "  - -- a", "  + ++ a", "  + @@ c"],
    ),
    "a file of the repository": (
        Write("inventory.yaml", b"a\n", b"b\n", here=True),
        ["edit inventory.yaml here", "  - a", "  + b"],
    ),
    "a whole document": (
        Write("A.md", None, b"a\n" * 41, here=True),
        ["write A.md here", *["  + a"] * 3, "  … and 38 more lines, which pulumi preview --diff shows"],
    ),
    "a long script for the host": (Write("/x", None, b"a\n" * 41), ["write /x", *["  + a"] * 41]),
    "bytes that are no UTF-8": (Write("/etc/x", b"", b"k\xfchl\n"), ["edit /etc/x", r"  + k\xfchl"]),
    "a file removed": (Write("/etc/x", b"a\n", None), ["remove /etc/x"]),
}


@pytest.mark.parametrize(("step", "lines"), SHOWN.values(), ids=SHOWN.keys())
def test_a_step_as_a_preview_shows_it(step: Step, lines: list[str]) -> None:
    assert step.lines() == lines


def test_a_plan_shows_its_steps_in_their_order() -> None:
    steps = tuple(step for step, _ in SHOWN.values())
    assert Plan(steps, undo=(Run(("never", "shown")),)).lines() == [
        line for _, lines in SHOWN.values() for line in lines
    ]
    assert Plan().lines() == []


SECRET = "do not tell"


def test_no_secret_is_shown() -> None:
    call = Call("PUT", "/x", {"password": SECRET, "keys": [SECRET]}, frozenset({"password", "keys"}))
    assert SECRET not in "".join(call.lines())
