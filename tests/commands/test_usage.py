"""How a command line ends: not understood, with a verb's own code, and with what nobody expected."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from homebackup.commands import __main__ as command_line
from homebackup.commands import receipts
from homebackup.commands.ending import CRITICAL, run


def ended(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "homebackup.commands", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "words",
    [["drift", "--nope"], ["nope"], ["ending"], ["plan", "too", "many"], ["receipts", "-C", "/nonexistent"]],
    ids=" ".join,
)
def test_a_usage_error_ends_with_64_and_no_traceback(words: list[str]) -> None:
    ran = ended(*words)
    assert ran.returncode == 64
    assert "Usage" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_every_verb_is_listed_and_nothing_else() -> None:
    ran = ended("--help")
    assert ran.returncode == 0
    for name in ("drift", "notify", "plan", "preflight", "receipts", "recover", "trust"):
        assert name in ran.stdout
    assert "preflight-checks" not in ran.stdout
    assert "ending" not in ran.stdout


@pytest.mark.parametrize(
    ("verb", "spared"), [("receipts", {"pulumi", "grpc", "asyncssh"}), ("preflight", {"pulumi", "grpc"})]
)
def test_a_verb_imports_what_it_needs_and_no_more(verb: str, spared: set[str]) -> None:
    code = f"import sys; from homebackup.commands.__main__ import main; sys.argv[1:] = [{verb!r}, '--help']"
    heavy = f"print(*sorted({{m.partition('.')[0] for m in sys.modules}} & {spared!r}))"
    script = f"{code}\ntry: main()\nfinally: {heavy}"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines()[-1:] == [""], ran.stdout + ran.stderr


def fails(error: Exception) -> Callable[[], None]:
    async def work() -> int:
        raise error

    return lambda: run(work())


async def critical() -> int:
    return CRITICAL


@pytest.mark.parametrize(
    ("verb", "code", "said"),
    [
        (lambda: run(critical()), 2, ""),
        (fails(ZeroDivisionError("half\nof it")), 1, "homebackup: unexpected ZeroDivisionError: half of it; this"),
        (
            fails(PermissionError(13, "Permission denied", "/etc/x")),
            1,
            "/etc/x: the system said Permission denied",
        ),
    ],
    ids=["critical", "defect", "file"],
)
def test_a_verbs_end_leaves_the_program_as_it_is(
    verb: Callable[[], None], code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(receipts, "verb", verb)
    monkeypatch.setattr("sys.argv", ["homebackup", "receipts"])
    with pytest.raises(SystemExit) as exit_:
        command_line.main()
    assert exit_.value.code == code
    assert capsys.readouterr().err.startswith(said)


def test_status_is_known_by_another_name_too() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "from homebackup.commands.__main__ import backup_status; backup_status()", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "homebackup status" in ran.stdout
