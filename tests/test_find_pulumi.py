"""Pulumi is taken from PATH, else from its installer, else built; what is missing is one sentence with the remedy."""

from __future__ import annotations

import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import find_pulumi
import pytest

INSTALLER = b"""
while [ $# -gt 0 ]; do
  case $1 in
    --install-root) root=$2; shift 2 ;;
    --version) version=$2; shift 2 ;;
    --no-edit-path) shift ;;
  esac
done
mkdir -p "$root/bin"
printf '#!/bin/sh\\necho v%s\\n' "$version" >"$root/bin/pulumi"
chmod +x "$root/bin/pulumi"
"""


def program(folder: Path, name: str, text: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing but a shell's own tools, and an installer that cannot be reached."""
    folder = tmp_path / "path"
    folder.mkdir()
    for tool in ("sh", "mkdir", "chmod"):
        found = shutil.which(tool)
        assert found
        (folder / tool).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(find_pulumi, "INSTALLER", "http://127.0.0.1:1")
    return folder


@pytest.fixture
def installer(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(INSTALLER)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setattr(find_pulumi, "INSTALLER", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()
        thread.join()


def test_nothing_anywhere_is_one_sentence_with_the_remedy(path: Path, tmp_path: Path) -> None:
    with pytest.raises(find_pulumi.Absent) as absent:
        find_pulumi.find(tmp_path / "tools", print)
    said = str(absent.value)
    assert said.startswith("pulumi: it is not on PATH, its installer cannot be reached (")
    assert "there is no Go to build it with; install Pulumi (" in said
    assert said.endswith("or Go 1.25 or newer, and run make again")
    assert "\n" not in said


@pytest.mark.parametrize("says", ["v3.227.0", "4.0.1"])
def test_one_on_path_that_is_new_enough_is_taken(path: Path, tmp_path: Path, says: str) -> None:
    found = program(path, "pulumi", f"echo {says}")
    program(path, "pulumi-language-python")
    assert find_pulumi.find(tmp_path / "tools", print) == found
    assert not (tmp_path / "tools").exists()


def test_its_language_host_may_lie_beside_what_a_link_on_path_points_to(path: Path, tmp_path: Path) -> None:
    real = program(tmp_path / "real", "pulumi", "echo v3.259.0")
    program(tmp_path / "real", "pulumi-language-python")
    (path / "pulumi").symlink_to(real)
    assert find_pulumi.find(tmp_path / "tools", print) == path / "pulumi"


@pytest.mark.parametrize(
    ("says", "host", "reason"),
    [
        ("echo v3.226.9", True, "is older than 3.227.0"),
        ("echo", True, "is older than 3.227.0"),
        ("echo v3.259.0", False, "has no pulumi-language-python beside it"),
    ],
)
def test_one_that_does_not_do_is_named_with_the_reason(
    path: Path, tmp_path: Path, says: str, host: bool, reason: str
) -> None:
    found = program(path, "pulumi", says)
    if host:
        program(path, "pulumi-language-python")
    with pytest.raises(find_pulumi.Absent, match=reason.split()[-1]) as absent:
        find_pulumi.find(tmp_path / "tools", print)
    assert f"pulumi: {found} {reason}, its installer" in str(absent.value)


@pytest.mark.usefixtures("installer")
def test_the_installer_leaves_everything_under_the_folder_it_is_given(tmp_path: Path) -> None:
    said: list[str] = []
    found = find_pulumi.find(tmp_path / "tools", said.append)
    assert found == tmp_path / "tools" / "bin" / "pulumi"
    assert ".".join(map(str, find_pulumi.version(found))) == find_pulumi.INSTALLED
    assert said == [f"pulumi: installing {find_pulumi.INSTALLED}"]


def test_what_an_earlier_run_made_goes_before_path(path: Path, tmp_path: Path) -> None:
    program(path, "pulumi")
    assert find_pulumi.candidate(tmp_path / "tools") == path / "pulumi"
    (tmp_path / "tools").mkdir()
    made = program(tmp_path / "tools" / "bin", "pulumi")
    assert find_pulumi.candidate(tmp_path / "tools") == made


def test_a_build_that_fails_says_what_go_said_last(path: Path, tmp_path: Path) -> None:
    program(path, "go", "echo first >&2; echo 'no route to the module proxy' >&2; exit 1")
    with pytest.raises(find_pulumi.Absent, match=r"Go could not build it \(no route to the module proxy\); install"):
        find_pulumi.find(tmp_path / "tools", print)
    assert list((tmp_path / "tools" / "bin").iterdir()) == []


def test_the_versions_stamped_are_the_ones_that_the_modules_pin() -> None:
    for module, (package, release) in find_pulumi.BUILT.items():
        pins = (find_pulumi.MODULES / module / "go.mod").read_text()
        assert f"tool {package}" in pins
        assert any(package.startswith(f"{pinned}/") for pinned in _pinned(pins, release))


def _pinned(pins: str, release: str) -> list[str]:
    return [words[0] for line in pins.splitlines() if (words := line.split()) and words[1:2] == [release]]
