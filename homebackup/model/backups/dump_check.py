"""The newest dumps of an application, and what reading the newest one to its end tells: a script, and its answer."""

from dataclasses import dataclass

from homebackup.model.backups.facts import AppFile

CHECK = r"""
to=$1 name=$2 ending=$3
export LC_ALL=C
timeout -k 1 10 sh -c '[ -d "$0" ]' "$to"
case $? in 124 | 137) echo "$to does not answer, as if its NAS were off"; exit 67 ;; esac
told() { if "$2" "$newest"; then echo "check $1 good"; else echo "check $1 bad"; fi; }
sum() { said=$(sha256sum < "$1") && cat "$1".*.sha256 | grep -q "^${said%% *} "; }
packed() { gzip -t "$1" 2>/dev/null; }
ended() { gzip -dc "$1" 2>/dev/null | tail -n 10 | grep -q '^-- PostgreSQL database cluster dump complete'; }
sealed() { [ "$(head -c 21 "$1")" = age-encryption.org/v1 ]; }
for file in "$to/$name"-????????T??????Z"$ending"; do
  if [ -f "$file" ]; then printf '%s\n' "$file"; fi
done | sort | tail -n 6 | while read -r file; do
  echo "dump $(wc -c < "$file") $(stat -c %Y "$file") ${file##*/}"
done
newest=$(for file in "$to/$name"-????????T??????Z"$ending"; do printf '%s\n' "$file"; done | sort | tail -n 1)
if [ -s "$newest" ]; then
  for beside in "$newest".*.sha256; do if [ -f "$beside" ]; then told sum sum; fi; done
  case $ending in *.age) told sealed sealed ;; *) told packed packed ;; esac
  case $ending in *.sql.gz) told ended ended ;; esac
fi
echo "clock $(date +%s)"
echo end of check
"""
"""POSIX sh; its arguments are the directory, the application and the ending of its dumps."""


@dataclass(frozen=True)
class DumpCheck:
    """The newest dumps, the newest last, and each check of the newest one with whether it was passed.

    `sum` is that of its bytes as they were when it was made, `packed` gzip's own, `ended` the trailer of PostgreSQL,
    `sealed` the header of age; `now` is the time by the clock of where they are.
    """

    dumps: tuple[AppFile, ...]
    checks: dict[str, bool]
    now: float


def read_check(output: str) -> DumpCheck:
    """What CHECK printed; raises ValueError when it was cut short."""
    rows = [line.split(" ", 3) for line in output.splitlines()]
    if ["end", "of", "check"] not in rows:
        raise ValueError("the check ended before its last line")
    dumps = tuple(AppFile(row[3], int(row[1]), float(row[2])) for row in rows if row[0] == "dump")
    now = next(float(row[1]) for row in rows if row[0] == "clock")
    return DumpCheck(dumps, {row[1]: row[2] == "good" for row in rows if row[0] == "check"}, now)
