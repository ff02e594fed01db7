"""The newest dump read by /bin/sh, and two instances asked by a real sqlite3: what is whole, and what it holds."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from homebackup.assess.assessment import compare
from homebackup.assess.dump import judged
from homebackup.model.backups.dump_check import CHECK, DumpCheck, read_check
from homebackup.model.backups.instance import ASK, BETWEEN, Holding, read_answer
from homebackup.model.site.assessed import USERS
from tests.apps.dumping import Dumping

pytestmark = pytest.mark.apps


def checked(dumping: Dumping) -> DumpCheck:
    recipe = dumping.recipe
    words = ["sh", "-c", CHECK, "check", str(dumping.target), recipe.name, recipe.ending]
    return read_check(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


@pytest.fixture
def dumping(tmp_path: Path) -> Dumping:
    trailer = "-- PostgreSQL database cluster dump complete"
    return Dumping(tmp_path, {"recipe": "postgres", "command": f"seq 9999; echo '{trailer}'; echo"})


def sealed(dumping: Dumping, key: Path) -> None:
    subprocess.run(["age-keygen", "-o", key], capture_output=True, check=True)
    public = next(line for line in key.read_text().splitlines() if "public key" in line)
    dumping.values["recipient"] = public.rpartition(" ")[2]


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_dump_as_it_was_made_is_good(dumping: Dumping, tmp_path: Path, encrypted: bool) -> None:
    if encrypted:
        sealed(dumping, tmp_path / "key")
    made = dumping.made()
    found = checked(dumping)
    assert [one.name for one in found.dumps] == [made.name]
    assert found.checks == (
        {"sum": True, "sealed": True} if encrypted else {"sum": True, "packed": True, "ended": True}
    )
    assert judged(found, 48)[0] == "OK"
    os.utime(made, (found.now - 49 * 3600,) * 2)
    assert judged(checked(dumping), 48)[0] == "STALE"


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("summed", [True, False])
def test_one_byte_less_or_another_is_seen(dumping: Dumping, tmp_path: Path, encrypted: bool, summed: bool) -> None:
    """Without its sum beside it, gzip's own shows the same; of an encrypted one only its key would."""
    if encrypted:
        sealed(dumping, tmp_path / "key")
    made = dumping.made()
    whole = made.read_bytes()
    if not summed:
        made.with_name(f"{made.name}.{len(whole)}.sha256").unlink()
    for damaged in (whole[:-1], whole[:-100] + b"\0" + whole[-99:]):
        made.write_bytes(damaged)
        assert judged(checked(dumping), 48)[0] == ("OK" if encrypted and not summed else "BROKEN")
    made.write_bytes(b"")
    assert judged(checked(dumping), 48) == ("BROKEN", ["it is empty", judged(checked(dumping), 48)[1][-1]])
    made.write_bytes(b"no dump" * 9)
    assert judged(checked(dumping), 48)[0] == "BROKEN"


def test_half_a_dump_that_is_whole_by_itself_is_suspicious(dumping: Dumping) -> None:
    dumping.older(1, 100_000)
    assert dumping.run("smaller").returncode == 0
    state, said = judged(checked(dumping), 48)
    assert (state, said[0]) == ("BROKEN", f"it is suspiciously small: {said[0].split(': ')[1]}")
    assert "97.7 KiB is usual" in said[0]


def test_no_dump_at_all(dumping: Dumping) -> None:
    assert judged(checked(dumping), 48) == ("STALE", ["there is none"])


def instance(path: Path, users: dict[str, list[str]]) -> Path:
    """A Vaultwarden's database in use, with the dates of each user's entries."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE users (uuid TEXT PRIMARY KEY, email TEXT, updated_at TEXT)")
        database.execute("CREATE TABLE ciphers (uuid INTEGER PRIMARY KEY, user_uuid TEXT, updated_at TEXT)")
        for email, dates in users.items():
            database.execute("INSERT INTO users VALUES (?, ?, '2026-01-01')", (f"u{email}", email))
            rows = [(f"u{email}", date) for date in dates]
            database.executemany("INSERT INTO ciphers (user_uuid, updated_at) VALUES (?, ?)", rows)
        database.commit()
    return path


def asked(path: Path, query: str = USERS) -> tuple[int, str]:
    done = subprocess.run(["sh", "-c", ASK, "ask", path, query, BETWEEN], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_two_instances_are_compared_by_users_and_newest_dates(tmp_path: Path) -> None:
    data = {"A@example.org": ["2026-02-01", "2026-03-01"], "b@example.org": []}
    here, same = (instance(tmp_path / name, data) for name in ("here", "same"))
    other = instance(tmp_path / "other", {**data, "b@example.org": ["2026-04-01"]})
    answers = [read_answer(asked(path)[1]) for path in (here, same, other)]
    assert answers[0] == {"A@example.org": Holding(2, "2026-03-01"), "b@example.org": Holding(0, "2026-01-01")}
    assert compare(answers[0], answers[1], "the shop's").same is True
    found = compare(answers[0], answers[2], "the shop's")
    assert (found.same, found.differ) == (False, ("b@example.org",))
    assert found.said.endswith("the newest change is of 2026-03-01 here and of 2026-04-01 there")


def test_a_query_writes_nothing_and_fails_in_a_sentence(tmp_path: Path) -> None:
    database = instance(tmp_path / "db", {"a@example.org": []})
    for query in ("DELETE FROM users", "SELECT nothing FROM users"):
        code, said = asked(database, query)
        assert code == 66
        assert said.startswith("sqlite3 does not answer: ")
        assert said.endswith("; see the query\n")
    assert read_answer(asked(database)[1]).keys() == {"a@example.org"}
    assert asked(tmp_path / "no") == (66, f"there is no database {tmp_path / 'no'}; say where it is\n")
