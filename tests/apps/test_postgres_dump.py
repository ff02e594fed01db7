"""A real PostgreSQL dumped by the script and restored into a second cluster, rows compared; and dumps cut short."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apps.dumping import Dumping, without
from tests.apps.postgresql import Cluster, cluster

pytestmark = pytest.mark.apps
IMMICH = """
CREATE ROLE immich LOGIN;
CREATE DATABASE immich OWNER immich;
\\connect immich
CREATE TABLE assets (id int PRIMARY KEY, name text NOT NULL, taken timestamptz, checksum bytea);
INSERT INTO assets SELECT n, 'IMG_' || n || E'.jpg\\n', now() - n * interval '1 hour', decode(md5(n::text), 'hex')
  FROM generate_series(1, 1000) n;
"""
SEEN = "SELECT id, name, extract(epoch FROM taken), checksum FROM assets ORDER BY id"


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as made:
        made.sql(IMMICH)
        yield made


@pytest.fixture
def dumping(tmp_path: Path, server: Cluster) -> Dumping:
    return Dumping(tmp_path, {"recipe": "postgres", "command": server.dump})


def test_a_dump_restores_every_row_into_another_cluster(dumping: Dumping, server: Cluster) -> None:
    made = dumping.made()
    text = gzip.decompress(made.read_bytes()).decode()
    assert not text.rstrip("\n").endswith("-- PostgreSQL database cluster dump complete") or "unrestrict" not in text
    with cluster() as second:
        second.sql(text)
        assert second.sql(SEEN, "immich") == server.sql(SEEN, "immich")
        assert second.sql("SELECT count(*) FROM assets", "immich") == "1000\n"
        assert second.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'immich'") == "1\n"


def test_a_dump_that_stops_in_the_middle_is_none(dumping: Dumping, server: Cluster) -> None:
    good = dumping.made()
    dumping.values["command"] = f"{server.dump} | head -c 20000"
    said = dumping.refused()
    assert said == ("dump app: the dump has no end; see that pg_dumpall is what writes it, and why it stopped")
    assert dumping.dumps() == [good]


def test_a_server_that_is_down_is_said(dumping: Dumping) -> None:
    with cluster() as gone:
        dumping.values["command"] = gone.dump
    said = dumping.refused()
    assert "ended with exit code 1: pg_dumpall: error: connection to server on socket" in said
    assert "No such file or directory" in said


def test_without_pg_dumpall(dumping: Dumping, tmp_path: Path) -> None:
    dumping.values["command"] = "pg_dumpall --clean --if-exists"
    said = dumping.refused(path=without(tmp_path / "bin", "pg_dumpall"))
    assert said.startswith("dump app: a program is missing in this guest: ")
    assert said.endswith("pg_dumpall: not found ; install it")
