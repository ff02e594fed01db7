"""A mount that somebody made by hand, imported with the real CLI: a program of its inputs has nothing to do."""

from __future__ import annotations

import pytest

from tests.pulumi.cli import Stack
from tests.pulumi.test_main_job import LINE, changes
from tests.running_lab import Lab

pytestmark = pytest.mark.pulumi

TARGET = "/mnt/nas-backups"
MOUNT = f"mkdir -p {TARGET}; echo '{LINE}' >> /etc/fstab; systemctl daemon-reload; mount {TARGET}"
GUARD = f"umount {TARGET}; chattr +i {TARGET}; mount {TARGET}"


@pytest.mark.parametrize("guarded", [False, True])
def test_the_guard_is_imported_as_it_was_found(stack: Stack, lab: Lab, guarded: bool) -> None:
    lab.run(f"{MOUNT}; {GUARD}" if guarded else MOUNT)
    lab.forget()
    taken = ("--yes", "--protect=false", "--generate-code=false")
    stack("import", "homebackup:index:NfsMount", "nas", TARGET, *taken)
    resources = stack("stack", "export").json()["deployment"]["resources"]
    (inputs,) = (one["inputs"] for one in resources if one["type"] == "homebackup:index:NfsMount")
    given = {name: value for name, value in inputs.items() if not name.startswith("__")}
    assert given.get("immutable", True) is guarded
    (stack.project / "__main__.py").unlink()
    (stack.project / "__main__.py").write_text(
        f"from homebackup.engine.program import NfsMount\nNfsMount('nas', **{given!r})\n"
    )
    stack("preview", "--expect-no-changes")
    stack("up", "--yes", "--skip-preview")
    assert changes(lab) == []
