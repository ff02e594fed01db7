"""The script that dumps an application inside its guest: a template in POSIX sh, made whole by a recipe's values.

It works in a directory of its own, verifies there what it made, copies that to its target under another name, compares
the copy, and only then renames it and removes old ones: whatever fails, the dumps that are there stay.
"""

FRAME = r"""#!/bin/sh
# Kept by homebackup: dumps @name@ (recipe @recipe@). Begun by hand it does the same as by its timer.
set -u
umask 077
export LC_ALL=C
cd /
name=@name@ to=@to@ keep=@keep@ ending=@ending@ recipient=@recipient@
database=@database@
command=@command@
room="make room in /var/tmp of the guest"
fail() { printf 'dump %s: %s; %s\n' "$name" "$1" "$2" >&2; exit 1; }
need() { command -v "$1" >/dev/null 2>&1 || fail "$1 is missing in this guest" "install it, as Debian's package $2"; }
said() { tr -s '\n' ' ' < "$work/said" | tail -c 300; }
size() { wc -c < "$1" | tr -d ' '; }
dumps() { # that are complete, the newest first
  for file in "$to/$name"-????????T??????Z"$ending"; do
    if [ -f "$file" ]; then printf '%s\n' "$file"; fi
  done | sort -r
}
usual() { # the size of the newest that is not empty
  dumps | while read -r file; do
    if [ -s "$file" ]; then size "$file"; break; fi
  done
}
mounted() { # a mount point with nothing on it would take the dumps onto the guest's own disk
  if [ ! -f /etc/fstab ]; then return 0; fi
  while read -r device point type _; do
    case $device in '#'*) continue ;; esac
    case $type in nfs*|cifs) ;; *) continue ;; esac
    case $to/ in "${point%/}"/*) ;; *) continue ;; esac
    grep -q -F " ${point%/} " /proc/self/mountinfo ||
      fail "nothing is mounted on $point" "switch the NAS on, or mount it"
  done < /etc/fstab
}
pack() { # standard input, compressed
  gzip -c 2>"$work/full" > "$work/plain" || fail "/var/tmp takes no more" "$room"
}
@produce@
exec 9< "$0"
flock -n 9 || fail "it is at work already" "wait until it has ended"
mounted
[ -d "$to" ] || fail "there is no directory $to" "make it, or mount what it lies on"
work=$(mktemp -d /var/tmp/homebackup-dump.XXXXXX) || fail "/var/tmp takes no directory" "$room"
trap 'rm -rf "$work"; rm -f "$to/$name"-????????T??????Z"$ending".tmp' EXIT
trap 'exit 1' HUP INT TERM
produce
gzip -t "$work/plain" 2>"$work/said" || fail "what it made cannot be unpacked: $(said)" "$room"
verify
bytes=$(size "$work/plain")
if [ -n "$recipient" ]; then
  need age age
  age -r "$recipient" -o "$work/dump" "$work/plain" 2>"$work/said" ||
    fail "age does not encrypt: $(said)" "see that its recipient is a public key of age, and $room"
  # A file of age is a header, 16 bytes, and the content with 16 more for each 64 KiB of it.
  header=$(sed '/^--- /q' "$work/dump" | wc -c)
  whole=$((header + 16 + bytes + 16 * ((bytes + 65535) / 65536)))
  [ "$(size "$work/dump")" -eq "$whole" ] || fail "age wrote $(size "$work/dump") bytes of $whole" "$room"
  rm -f "$work/plain"
else
  mv "$work/plain" "$work/dump"
fi
bytes=$(size "$work/dump")
before=$(usual)
if [ -n "$before" ] && [ $((bytes * 2)) -lt "$before" ] && [ "${1:-}" != smaller ]; then
  fail "it would have $bytes bytes, where the one before has $before" "see what is missing; if nothing, run $0 smaller"
fi
final=$to/$name-$(date -u +%Y%m%dT%H%M%SZ)$ending
{ cp "$work/dump" "$final.tmp" && sync "$final.tmp"; } 2>"$work/said" ||
  fail "$to does not take it: $(said)" "make room there, or on the NAS"
cmp -s "$work/dump" "$final.tmp" ||
  fail "$to has kept something else than was written" "see whether its disk is full or broken"
{ sum=$(sha256sum < "$work/dump") && echo "${sum%% *}  ${final##*/}" > "$final.$bytes.sha256"; } 2>/dev/null ||
  rm -f "$final.$bytes.sha256"
mv -f "$final.tmp" "$final" || fail "$final cannot be named" "see who may write to $to"
sync "$to"
kept=1
dumps | while read -r file; do
  if [ "$file" = "$final" ]; then continue; fi
  if [ -s "$file" ] && [ $kept -lt $keep ]; then kept=$((kept + 1)); else rm -f "$file" "$file".*.sha256; fi
done
echo "dump $name: $final, $bytes bytes"
"""
VAULTWARDEN = r"""
produce() { # a copy of the database while it is in use, and the files beside it
  need sqlite3 sqlite3
  need tar tar
  [ -f "$database" ] || fail "there is no database $database" "say where it is"
  [ "$(head -c 15 "$database")" = 'SQLite format 3' ] || fail "$database is not a SQLite database" "say where it is"
  sqlite3 -bail -cmd '.timeout 60000' "$database" "VACUUM INTO '$work/db.sqlite3'" >"$work/said" 2>&1 ||
    fail "$database cannot be copied: $(said)" "see that it is whole, and $room"
  sound=$(sqlite3 "$work/db.sqlite3" 'PRAGMA integrity_check' 2>&1)
  [ "$sound" = ok ] || fail "the copy of $database is not sound: $sound" "restore it from a dump"
  tables=$(sqlite3 "$work/db.sqlite3" 'SELECT count(*) FROM sqlite_master' 2>&1)
  [ "$tables" != 0 ] || fail "$database holds no table" "say where the database in use is"
  data=$(dirname "$database")
  set -- -C "$work" db.sqlite3
  for path in "$data/attachments" "$data/sends" "$data/config.json" "$data"/rsa_key*; do
    if [ -e "$path" ]; then set -- "$@" -C "$data" "${path##*/}"; fi
  done
  tar -cf "$work/files.tar" "$@" 2>"$work/said" # 1: a file changed meanwhile, of which the copy knows nothing
  [ $? -le 1 ] || fail "tar does not pack $data: $(said)" "$room"
  pack < "$work/files.tar"
  rm -f "$work/files.tar"
}
verify() {
  tar -tzf "$work/plain" 2>/dev/null | grep -q -x db.sqlite3 ||
    fail "the copy of the database is not in it" "run it again"
}
"""
OUTPUT = r"""
produce() { # what the command prints
  { sh -c "$command" 2>"$work/said"; echo $? > "$work/code"; } | pack || exit 1
  read -r code < "$work/code"
  [ "$code" != 127 ] || fail "a program is missing in this guest: $(said)" "install it"
  [ "$code" = 0 ] || fail "\`$command\` ended with exit code $code: $(said)" "remove the cause and run it again"
  [ "$(gzip -dc "$work/plain" | head -c 1 | wc -c)" -eq 1 ] || fail "\`$command\` printed nothing" "see what it does"
}
"""
COMMAND = OUTPUT + "verify() { :; }\n"
POSTGRES = (
    OUTPUT
    + r"""verify() { # newer versions write a line and an empty one after the trailer
  gzip -dc "$work/plain" | tail -n 10 | grep -q '^-- PostgreSQL database cluster dump complete' ||
    fail "the dump has no end" "see that pg_dumpall is what writes it, and why it stopped"
}
"""
)
