"""What a site declares and will not get is told by `pulumi preview`, and stops nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pulumi.cli import Stack

pytestmark = pytest.mark.pulumi


def test_a_threshold_that_flaps_is_told_with_a_figure_and_stays_as_declared(stack: Stack) -> None:
    document = stack("preview", "--json").json()
    warnings = [d["message"] for d in document["diagnostics"] if d["severity"] == "warning"]
    told = [warning for warning in warnings if "stale-too-early" in warning]
    assert len(told) == 2
    assert all("stale after 168 h" in warning and "write stale-after-hours: 170" in warning for warning in told)


def test_a_tier_before_an_earlier_one_is_told(stack: Stack) -> None:
    stack("config", "set", "--path", "home-backup:site.tiers.p1.schedule", "02:30")
    said = stack("preview").stdout
    assert "(order)" in said
    assert "inside shop vzdump (02:00 to 03:00)" in said


def test_another_site_on_the_same_nas_is_told(stack: Stack, tmp_path: Path) -> None:
    other = tmp_path / "Pulumi.shop.yaml"
    other.write_text((stack.project / "Pulumi.lab.yaml").read_text().replace("name: home\n", "name: shop\n"))
    stack("config", "set", "--path", "home-backup:site.neighbours[0]", str(other))
    said = stack("preview").stdout
    assert "writes to the same NAS 10.0.0.150" in said
    other.unlink()
    assert "the file is not there; name the file of the other site's stack" in stack("preview").stdout


def test_a_notification_setting_that_does_nothing_is_told_when_it_is_checked(stack: Stack) -> None:
    program = stack.project / "__main__.py"
    program.unlink()  # a link to the project's own
    program.write_text(
        "from homebackup.engine.program import VzdumpJob\n"
        "VzdumpJob('j', job='j1', schedule='03:00', vmid=[100], mailnotification='failure')\n"
    )
    warnings = [d["message"] for d in stack("preview", "--json").json()["diagnostics"] if d["severity"] == "warning"]
    assert any("mailnotification failure is ignored in mode auto without mailto" in said for said in warnings)
