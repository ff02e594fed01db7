"""What an instance of an application holds, by a read-only query of its database: a script, and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass

ASK = r"""
export LC_ALL=C.UTF-8
fail() { echo "$1; $2"; exit 66; }
command -v sqlite3 >/dev/null 2>&1 || fail "sqlite3 is missing there" "install it, as Debian's package sqlite3"
[ -f "$1" ] || fail "there is no database $1" "say where it is"
said=$(sqlite3 -readonly -bail -separator "$3" "$1" "$2" 2>&1) || fail "sqlite3 does not answer: $said" "see the query"
if [ -n "$said" ]; then printf '%s\n' "$said"; fi
echo end of answer
"""
"""POSIX sh; its arguments are the database, the query and what stands between columns."""
BETWEEN = "\x1f"


@dataclass(frozen=True)
class Holding:
    """What there is of one user: how many entries, and the text of the newest date."""

    entries: int
    newest: str


def read_answer(output: str) -> Mapping[str, Holding]:
    """What ASK printed, by the user's name; raises ValueError when it is something else."""
    *rows, last = output.splitlines() or [""]
    if last != "end of answer":
        raise ValueError("the answer ended before its last line")
    found = {}
    for row in rows:
        columns = row.split(BETWEEN)
        if len(columns) != 3 or not columns[1].isdecimal():
            raise ValueError("the query has to tell a name, a number and a date of each user")
        found[columns[0]] = Holding(int(columns[1]), columns[2])
    return found
