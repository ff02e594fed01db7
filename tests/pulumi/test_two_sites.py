"""Two sites in one program are refused in words, with the real CLI."""

from __future__ import annotations

import pytest

from tests.pulumi.cli import Stack

pytestmark = pytest.mark.pulumi


def test_a_second_site_needs_a_stack_of_its_own(stack: Stack) -> None:
    program = (stack.project / "__main__.py").read_text()
    (stack.project / "__main__.py").unlink()
    (stack.project / "__main__.py").write_text(f'{program}HomeBackup("cabin", site)\n')
    ran = stack("preview", exits=None)
    said = ran.stdout + ran.stderr
    assert ran.exit != 0
    assert "HomeBackup cabin: this program has HomeBackup home already, and a stack is one site" in said
    assert "pulumi stack init cabin" in said
    assert "Traceback" not in said
