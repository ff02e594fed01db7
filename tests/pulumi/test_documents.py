"""The owner's documents with the real Pulumi CLI: written, changed by hand, repaired, and their commands typed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from homebackup.commands.ending import USAGE
from tests.commands.living_site import NEXT_NOON
from tests.pulumi.cli import PATIENCE, Stack
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

OWNERS = "# Minilab\r\n\r\nWhat stands where.\r\n\r\n## Mine\n\nof the owner"
DOCUMENTS = ("MINILAB_SSOT.md", "BACKUP_GOVERNANCE.md")
SECTIONS = ("home-configuration", "home-verification", "home-restore")


@pytest.fixture
def minilab(stack: Stack) -> Path:
    """The owner's document, which has line ends of two kinds and none at its end."""
    file = stack.project / ".lab" / DOCUMENTS[0]
    file.parent.mkdir()
    file.write_bytes(OWNERS.encode())
    return file


def test_sections_come_and_go_and_the_rest_stays(stack: Stack, lab: Lab, minilab: Path) -> None:
    said = stack("preview")
    assert re.search(r"edit .lab/MINILAB_SSOT.md here\n.*\n.*\n.*\n.* and \d+ more lines", said.stdout + said.stderr)
    assert minilab.read_bytes() == OWNERS.encode()
    stack("up", "--yes", "--skip-preview")
    written = minilab.read_bytes().decode()
    assert written.startswith(
        OWNERS + "\r\n\r\n<!-- homebackup: begin home-configuration -->\r\n\r\n## Backups of home\r\n"
    )
    assert re.findall("begin (.*) -->", written) == list(SECTIONS)
    governance = (minilab.parent / DOCUMENTS[1]).read_text()
    assert governance.startswith("<!-- homebackup: begin home-governance -->\n")
    assert (
        "| app vaultwarden | no backups of its own; guest 102 is backed up whole | Whether it needs more" in governance
    )
    stack("preview", "--expect-no-changes")
    stack("up", "--yes", "--skip-preview")
    assert minilab.read_bytes().decode() == written

    minilab.write_bytes(written.replace("`keep-last=2`", "`keep-last=9`").replace("of the owner", "of mine").encode())
    found = homebackup(stack, "homebackup drift")
    assert found.returncode == 7
    assert (
        "document section .lab/MINILAB_SSOT.md#home-configuration: content is not as declared: - | p2" in found.stdout
    )
    assert len(found.stdout.splitlines()) == 1
    said = stack("preview")
    assert re.search(r"- \| p2 .*keep-last=9.*\n.*\+ \| p2 .*keep-last=2", said.stdout + said.stderr)
    stack("up", "--yes", "--skip-preview")
    assert minilab.read_bytes().decode() == written.replace("of the owner", "of mine")

    stack("destroy", "--yes", "--skip-preview")
    assert minilab.read_bytes().decode() == OWNERS.replace("of the owner", "of mine")
    assert not (minilab.parent / DOCUMENTS[1]).exists()


def test_what_the_site_says_changes_its_section_alone_and_an_exemption_shows(stack: Stack, lab: Lab) -> None:
    stack("up", "--yes", "--skip-preview")
    file = stack.project / ".lab" / DOCUMENTS[1]
    before = file.read_text()
    for key, value in (("reason", "weekly jobs"), ("until", "2999-12-31")):
        stack("config", "set", "--path", f"home-backup:site.rules.stale-too-early.{key}", value)
    said = stack("preview")
    assert "stale-too-early)" not in said.stdout + said.stderr
    stack("up", "--yes", "--skip-preview")
    after = file.read_text()
    assert [line for line in after.splitlines() if line not in before.splitlines()] == [
        "| `stale-too-early` (exempt until 2999-12-31) | warning | `stale-after-hours` is above the schedule's longest"
        " gap plus the usual run of the job. | - |",
        "| rule `stale-too-early` | exempt until 2999-12-31 | Weekly jobs. |",
    ]
    stack("config", "set", "--path", "home-backup:site.rules.stale-too-early.until", "2020-01-01")
    said = stack("preview")
    assert "the exemption ended with 2020-01-01 (weekly jobs)" in said.stdout + said.stderr


def test_broken_markers_stop_with_the_line_and_the_file_stays(stack: Stack, minilab: Path) -> None:
    broken = OWNERS + "\n<!-- homebackup: begin home-restore -->\n"
    minilab.write_bytes(broken.encode())
    ran = stack("preview", exits=None)
    said = " ".join((ran.stdout + ran.stderr).split())
    assert ran.exit != 0
    assert ".lab/MINILAB_SSOT.md, line 8: section home-restore begins here and never ends" in said
    assert "Traceback" not in said
    assert minilab.read_bytes() == broken.encode()


def homebackup(stack: Stack, line: str) -> subprocess.CompletedProcess[str]:
    """What comes of a line that begins with homebackup, typed in the project."""
    program, *arguments = shlex.split(line)
    assert program == "homebackup"
    command = [sys.executable, "-m", "homebackup.commands", *arguments]
    return subprocess.run(
        command, cwd=stack.project, env=stack.environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def test_every_command_of_the_documents_works(stack: Stack, lab: Lab) -> None:
    stack("up", "--yes", "--skip-preview")
    lab.control("/clock", {"set": float(lab.run(NEXT_NOON))})
    assert homebackup(stack, "homebackup run --all").returncode == 0
    stack("up", "--yes", "--skip-preview")  # the inventory watches what has its first archive
    text = "".join((stack.project / ".lab" / file).read_text() for file in DOCUMENTS)
    blocks = re.findall(r"^```(\w*)\n(.*?)\n```$", text, re.DOTALL | re.MULTILINE)
    assert {language for language, _ in blocks} == {"sh", "text"}
    commands = [block for language, block in blocks if language == "sh"]
    assert len(commands) > 50
    verbs = set()
    for block in commands:
        if not block.startswith("homebackup "):
            lab.run(f"set -e\n{block}")
            continue
        for line in block.splitlines():
            done = homebackup(stack, line)
            assert done.returncode == 0, f"{line} exited {done.returncode}\n{done.stdout}{done.stderr}"
            assert done.returncode != USAGE
            verbs.add(line.split()[1])
    assert verbs >= {"coverage", "drift", "preflight", "restore", "rules", "run", "status", "verify"}
