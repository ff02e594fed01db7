"""The script of every dump, run by /bin/sh: what counts as a dump, what stays, and what it says when it fails."""

from __future__ import annotations

import gzip
import re
import subprocess
from pathlib import Path

import pytest

from tests.apps.dumping import Dumping, without

pytestmark = pytest.mark.apps
BIG = "head -c 60000 /dev/urandom"


@pytest.fixture
def dumping(tmp_path: Path) -> Dumping:
    return Dumping(tmp_path, {"recipe": "command", "command": BIG})


def test_a_dump_is_what_the_command_printed(dumping: Dumping) -> None:
    dumping.values["command"] = "printf '%s' \"it's \\$HOME, 100 % of it\""
    made = dumping.made()
    assert re.fullmatch(r"app-\d{8}T\d{6}Z\.gz", made.name)
    assert gzip.decompress(made.read_bytes()) == b"it's $HOME, 100 % of it"
    assert made.stat().st_mode & 0o777 == 0o600


def test_so_many_are_kept_and_never_a_foreign_file_is_removed(dumping: Dumping) -> None:
    good = [dumping.older(day, 60000) for day in (1, 3, 5)]
    empty = dumping.older(4, 0)
    foreign = [dumping.target / name for name in ("app-notes.gz", "other-20260101T000000Z.gz", "app-20250101.gz")]
    for path in foreign:
        path.write_text("mine")
    made = dumping.made()
    assert dumping.dumps() == [good[1], good[2], made]
    assert not empty.exists()
    assert all(path.read_text() == "mine" for path in foreign)


def test_the_dump_just_made_stays_although_the_clock_went_back(dumping: Dumping) -> None:
    dumping.values["keep"] = 1
    later = dumping.target / "app-20990101T000000Z.gz"
    dumping.target.mkdir()
    later.write_bytes(b"x" * 60000)
    done = dumping.run()
    assert done.returncode == 0, done.stderr
    assert [path.name in done.stdout for path in dumping.dumps()] == [True]


def test_what_an_ended_run_left_is_cleared_away(dumping: Dumping) -> None:
    dumping.target.mkdir()
    left = dumping.target / "app-20260101T000000Z.gz.tmp"
    left.write_text("half")
    dumping.made()
    assert not left.exists()


def test_half_the_size_is_no_dump_until_somebody_says_so(dumping: Dumping) -> None:
    dumping.older(1, 200_000)
    said = dumping.refused()
    assert re.fullmatch(r"dump app: it would have 60\d{3} bytes, where the one before has 200000; see what .*", said)
    assert said.endswith("homebackup-dump-app smaller")
    assert dumping.run("smaller").returncode == 0
    assert dumping.run().returncode == 0, "the next one is measured by that"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("true", "dump app: `true` printed nothing; see what it does"),
        (
            "echo much; exit 3",
            "dump app: `echo much; exit 3` ended with exit code 3: ; remove the cause and run it again",
        ),
        ("echo no >&2; exit 1", "dump app: `echo no >&2; exit 1` ended with exit code 1: no ; remove the cause"),
        ("no-such-program", "dump app: a program is missing in this guest: "),
        ("echo much; kill -9 $$", "ended with exit code 137"),
    ],
)
def test_a_command_that_fails_makes_no_dump(dumping: Dumping, command: str, said: str) -> None:
    dumping.older(1, 10)
    dumping.values["command"] = command
    assert said in dumping.refused()


def test_a_full_target_is_said_and_keeps_what_it_has(dumping: Dumping) -> None:
    """On a file system of 128 KiB, in a mount namespace of the test's own."""
    dumping.target.mkdir()
    script = f"""
mount -t tmpfs -o size=128k none "{dumping.target}" && cd "{dumping.target}" || exit 99
head -c 100000 /dev/zero > app-20260101T000000Z.gz
shift; "$@"; code=$?
ls -l "{dumping.target}" | grep -c app-
[ "$(wc -c < app-20260101T000000Z.gz)" = 100000 ] || exit 98
exit $code
"""
    done = dumping.run(before=("unshare", "-m", "sh", "-c", script, "sh", "--"))
    assert done.returncode == 1, done.stderr
    assert "does not take it: cp: error writing" in done.stderr
    assert "No space left on device ; make room there, or on the NAS" in done.stderr
    assert done.stdout.strip() == "1"


def test_a_file_that_may_not_grow_is_no_dump(dumping: Dumping) -> None:
    """What is written is limited, as by a quota: the shell's `ulimit -f` counts in units of 512 bytes."""
    assert "dump app: " in dumping.refused(before=("sh", "-c", 'ulimit -f 40; shift; "$@"', "sh", "--"))


def test_a_directory_that_is_not_there_or_not_mounted(dumping: Dumping) -> None:
    dumping.values["to"] = "/no/such/place"
    assert dumping.refused() == ("dump app: there is no directory /no/such/place; make it, or mount what it lies on")
    dumping.values.pop("to")
    point = dumping.folder / "nas"
    (point / "dumps").mkdir(parents=True)
    table = dumping.folder / "fstab"
    table.write_text(f"# {point} none nfs\n10.0.0.150:/volume1/backups {point} nfs soft 0 0\n")
    dumping.values["to"] = str(point / "dumps")
    script = f'mount --bind {table} /etc/fstab && shift && exec "$@"'
    said = dumping.refused(before=("unshare", "-m", "sh", "-c", script, "sh", "--"))
    assert said == f"dump app: nothing is mounted on {point}; switch the NAS on, or mount it"
    assert not list((point / "dumps").iterdir())


def test_only_one_at_a_time(dumping: Dumping) -> None:
    dumping.script.write_text(dumping.recipe.script)
    held = subprocess.Popen(["flock", str(dumping.script), "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert held.stdin is not None
    assert held.stdout is not None
    held.stdin.write(b"held\n")
    held.stdin.flush()
    assert held.stdout.readline() == b"held\n"
    try:
        assert dumping.refused() == "dump app: it is at work already; wait until it has ended"
    finally:
        held.communicate()


def test_an_encrypted_dump_opens_with_its_key_and_no_other(dumping: Dumping, tmp_path: Path) -> None:
    keys = [_key(tmp_path / name) for name in ("right", "wrong")]
    dumping.values |= {"recipient": keys[0], "command": "echo secret"}
    made = dumping.made()
    assert made.name.endswith(".gz.age")
    opened = subprocess.run(["age", "-d", "-i", tmp_path / "right", made], capture_output=True, check=True)
    assert gzip.decompress(opened.stdout) == b"secret\n"
    other = subprocess.run(["age", "-d", "-i", tmp_path / "wrong", made], capture_output=True, check=False)
    assert other.returncode != 0
    for size in (65535, 65536, 65537):  # around the size of a chunk of age
        dumping.values["command"] = f"head -c {size} /dev/urandom"
        dumping.made()


def test_without_age_or_with_a_wrong_recipient_nothing_is_written(dumping: Dumping, tmp_path: Path) -> None:
    dumping.values["recipient"] = _key(tmp_path / "key")
    said = dumping.refused(path=without(tmp_path / "bin", "age"))
    assert said == "dump app: age is missing in this guest; install it, as Debian's package age"
    dumping.values["recipient"] = "age1" + "q" * 58
    assert "dump app: age does not encrypt: age: error:" in dumping.refused()


def _key(path: Path) -> str:
    """The public key of a new pair."""
    subprocess.run(["age-keygen", "-o", path], capture_output=True, check=True)
    return next(line for line in path.read_text().splitlines() if "public key" in line).rpartition(" ")[2]
