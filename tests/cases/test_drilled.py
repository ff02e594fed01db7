"""What drills came to, as it is kept and read again, and where a site lets them happen."""

from __future__ import annotations

from pathlib import Path

import pytest

from homebackup.model.backups.drill import Drilled, last_drilled, of_archives
from homebackup.model.site import InvalidSite, read_site
from homebackup.world.drilled import keep, place, results
from homebackup.world.errors import Refused
from tests.cases.sites import stack

OLD = Drilled(1_000.0, 102, 9100, "vzdump-qemu-102-a.vma.zst", 61.5, 4096, ok=True, said="its agent answered")
NEW = Drilled(2_000.0, 102, 9101, "vzdump-qemu-102-b.vma.zst", 9.0, 4096, ok=False, said="it was \x1b[31mcut\nshort")


async def test_results_are_read_as_they_were_kept(tmp_path: Path) -> None:
    file = place(tmp_path)
    assert results(file) == []
    await keep(file, NEW)
    with file.open("ab") as torn:
        torn.write(OLD.line().encode()[:20])
    await keep(file, OLD)
    assert results(file) == [NEW, OLD]
    assert file.read_bytes().count(b"\n") == 3
    assert last_drilled(results(file)) == {102: NEW}
    assert of_archives(results(file)) == {OLD.archive: OLD, NEW.archive: NEW}


@pytest.mark.parametrize("line", ["", "{}", "[]", "7", OLD.line().replace("1000.0", '"x"'), OLD.line()[:-3]])
def test_what_is_none_of_ours_is_left_out(line: str) -> None:
    assert Drilled.read(line) is None


async def test_a_file_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    place(tmp_path).mkdir(parents=True)
    with pytest.raises(Refused, match=r"results .*drilled.jsonl: they cannot be read \(Is a directory\)"):
        results(place(tmp_path))
    with pytest.raises(Refused, match="they cannot be written"):
        await keep(place(tmp_path), OLD)


def test_a_site_reserves_spare_guests() -> None:
    site = read_site(stack("home") | {"drill": {"vmids": "9100-9199", "storage": "local-lvm"}})
    assert site.drill is not None
    assert (list(site.drill.vmids)[::99], site.drill.storage) == ([9100, 9199], "local-lvm")
    assert site.drill.model_dump() == {"vmids": "9100-9199", "storage": "local-lvm"}
    assert read_site({key: value for key, value in stack("home").items() if key != "drill"}).drill is None


@pytest.mark.parametrize(
    ("vmids", "said"),
    [
        ("9199-9100", "is no range of VMIDs such as 9900-9999"),
        ("9100", "is no range of VMIDs"),
        ("99-200", "is no range of VMIDs"),
        ("105-9199", "guest 105 has a VMID of those that are reserved for drills"),
    ],
)
def test_a_range_that_cannot_be_reserved(vmids: str, said: str) -> None:
    with pytest.raises(InvalidSite) as invalid:
        read_site(stack("home") | {"drill": {"vmids": vmids}})
    assert said in invalid.value.problems["site.drill.vmids"]
