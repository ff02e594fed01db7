"""A Vaultwarden's data dumped while it is written to: a real SQLite database in WAL mode, restored and compared."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.apps.dumping import Dumping, without

pytestmark = pytest.mark.apps
SCHEMA = """
CREATE TABLE users (uuid TEXT PRIMARY KEY, email TEXT UNIQUE, updated_at TEXT);
CREATE TABLE ciphers (uuid TEXT PRIMARY KEY, user_uuid TEXT, data TEXT, updated_at TEXT);
CREATE INDEX of_user ON ciphers (user_uuid);
CREATE TABLE pairs (number INTEGER PRIMARY KEY, twin INTEGER);
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder as Vaultwarden keeps it, with 2,000 entries."""
    folder = tmp_path / "vaultwarden's data"
    (folder / "attachments" / "c1").mkdir(parents=True)
    (folder / "attachments" / "c1" / "scan.pdf").write_bytes(b"%PDF" + bytes(3000))
    (folder / "sends").mkdir()
    (folder / "icon_cache").mkdir()
    (folder / "icon_cache" / "example.org.png").write_bytes(b"png")
    (folder / "rsa_key.pem").write_text("-----BEGIN")
    (folder / "config.json").write_text('{"admin_token": "secret"}')
    with closing(sqlite3.connect(folder / "db.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.executescript(SCHEMA)
        rows = [(f"c{n}", f"u{n % 3}", "x" * 200, f"2026-01-{n % 28 + 1:02}") for n in range(2000)]
        database.executemany("INSERT INTO ciphers VALUES (?, ?, ?, ?)", rows)
        database.commit()
    return folder


@pytest.fixture
def dumping(tmp_path: Path, data: Path) -> Dumping:
    subprocess.run(["age-keygen", "-o", tmp_path / "key"], capture_output=True, check=True)
    key = next(line for line in (tmp_path / "key").read_text().splitlines() if "public key" in line)
    recipient = key.rpartition(" ")[2]
    values = {"recipe": "vaultwarden", "database": str(data / "db.sqlite3"), "recipient": recipient}
    return Dumping(tmp_path, values)


@contextmanager
def written_to(path: Path) -> Iterator[Callable[[int], None]]:
    """A database that is written to without a pause, two rows a transaction, while the block runs.

    What it gives waits until so many transactions more were committed.
    """
    over, turned, done = threading.Event(), threading.Condition(), 0

    def write() -> None:
        nonlocal done
        with closing(sqlite3.connect(path, timeout=60)) as database:
            while not over.is_set():
                with database:
                    database.execute("INSERT INTO pairs (twin) VALUES (?)", (2 * done,))
                    database.execute("INSERT INTO pairs (twin) VALUES (?)", (2 * done,))
                    database.execute("UPDATE ciphers SET data = ? WHERE uuid = ?", ("y" * 300, f"c{done % 2000}"))
                with turned:
                    done += 1
                    turned.notify_all()

    def more(number: int) -> None:
        with turned:
            goal = done + number
            assert turned.wait_for(lambda: done >= goal, 60)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield more
    finally:
        over.set()
        thread.join()


def restored(dump: Path, key: Path, folder: Path) -> dict[str, bytes]:
    """The files of a dump, by their path; the database is put into the folder."""
    plain = subprocess.run(["age", "-d", "-i", key, dump], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(plain), mode="r:gz") as tar:
        tar.extractall(folder, filter="data")
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def test_a_dump_under_concurrent_writes_is_one_moment_of_the_database(
    dumping: Dumping, data: Path, tmp_path: Path
) -> None:
    with written_to(data / "db.sqlite3") as more:
        more(50)
        made = [dumping.made()]
        more(50)
        assert (data / "db.sqlite3-wal").stat().st_size > 0, "what was committed last is not in the file itself"
        dumping.values["name"] = "later"
        made.append(dumping.made())
    seen = []
    for number, dump in enumerate(made):
        files = restored(dump, tmp_path / "key", folder := tmp_path / f"restored-{number}")
        assert files.keys() == {"db.sqlite3", "attachments/c1/scan.pdf", "rsa_key.pem", "config.json"}
        assert files["attachments/c1/scan.pdf"] == (data / "attachments/c1/scan.pdf").read_bytes()
        database = folder / "db.sqlite3"
        assert rows(database, "PRAGMA integrity_check") == [("ok",)]
        assert rows(database, "SELECT count(*) FROM ciphers") == [(2000,)]
        assert rows(database, "SELECT twin FROM pairs GROUP BY twin HAVING count(*) != 2") == [], "no half transaction"
        seen.append(rows(database, "SELECT * FROM pairs ORDER BY number"))
    now = rows(data / "db.sqlite3", "SELECT * FROM pairs ORDER BY number")
    assert 100 <= len(seen[0]) < len(seen[1]) <= len(now)
    assert seen[1][: len(seen[0])] == seen[0]
    assert now[: len(seen[1])] == seen[1]


def test_a_dump_at_rest_has_every_row(dumping: Dumping, data: Path, tmp_path: Path) -> None:
    restored(dumping.made(), tmp_path / "key", folder := tmp_path / "restored")
    query = "SELECT * FROM ciphers ORDER BY uuid"
    assert rows(folder / "db.sqlite3", query) == rows(data / "db.sqlite3", query)
    assert not [path.name for path in data.iterdir() if path.name.endswith(("-wal", "-shm"))]


def test_what_is_no_database_in_use(dumping: Dumping, data: Path) -> None:
    database = data / "db.sqlite3"
    dumping.made()
    whole = database.read_bytes()
    database.write_bytes(b"this is a text\n" * 100)
    assert dumping.refused() == f"dump app: {database} is not a SQLite database; say where it is"
    database.write_bytes(b"")
    assert dumping.refused() == f"dump app: {database} is not a SQLite database; say where it is"
    database.write_bytes(whole[:20000])
    assert f"dump app: {database} cannot be copied: Error: stepping, " in dumping.refused()
    database.write_bytes(whole[:4096] + b"\xff" * 4096 + whole[8192:])
    assert f"dump app: {database} cannot be copied: " in dumping.refused()
    database.unlink()
    assert dumping.refused() == f"dump app: there is no database {database}; say where it is"
    with closing(sqlite3.connect(database)) as empty:
        empty.execute("PRAGMA user_version = 1")
        empty.commit()
    assert dumping.refused() == f"dump app: {database} holds no table; say where the database in use is"


def test_a_locked_database_is_said(dumping: Dumping, data: Path) -> None:
    """With a shorter patience than a minute, and a journal under which a writer shuts readers out."""
    text = dumping.recipe.script
    assert ".timeout 60000" in text
    with closing(sqlite3.connect(data / "db.sqlite3", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
        database.execute("BEGIN EXCLUSIVE")
        dumping.target.mkdir()
        dumping.script.write_text(text.replace(".timeout 60000", ".timeout 100"))
        done = subprocess.run(["sh", dumping.script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cannot be copied: Error: stepping, database is locked" in done.stderr
    assert dumping.content() == {}


def test_without_sqlite3(dumping: Dumping, tmp_path: Path) -> None:
    said = dumping.refused(path=without(tmp_path / "bin", "sqlite3"))
    assert said == "dump app: sqlite3 is missing in this guest; install it, as Debian's package sqlite3"
