"""The scripts that read archives on the host: a few bytes of several, or one to its end; and what they print.

A file is touched only below a mount whose NAS has just answered, and every reading has a deadline of its own.
"""

import base64
import binascii

from homebackup.model.backups.sample import Sample
from homebackup.model.seen import Unseen
from pverules.archive_name import ArchiveName

LISTED = 1 << 28
"""Bytes up to which `zstd -l` looks at a file: it hops from block to block and reads a thirtieth of it."""
PIECE = 16 << 20
"""Bytes that are read at once from an archive that is read to its end, between two pauses."""
STUCK = 60
"""Seconds after which reading a piece is given up."""

NEAR = r"""
near() { grep -qF " $1 nfs" /proc/self/mounts && knock "$2" 2049; }
"""
"""`near MOUNT ADDRESS`: something is mounted there by NFS, and the NAS answers. Needs `knock`."""

SAMPLES = r"""
samples() {
  mount=$1 address=$2 head=$3 tail=$4 listed=$5
  shift 5
  for file; do
    near "$mount" "$address" || { echo silent; return; }
    timeout -k 2 30 sh -c '
      [ ! -L "$1" ] && stat -c %s "$1" || exit
      head -c "$2" "$1" | base64 -w0; echo
      tail -c "$3" "$1" | base64 -w0; echo
      head -c 1000 "$1.notes" 2>/dev/null | base64 -w0; echo
      case $1 in
        *.zst) [ "$(stat -c %s "$1")" -gt "$4" ] || { timeout -k 2 15 zstd -lq "$1"; echo "listed $?"; } ;;
      esac 2>/dev/null | tail -n 1
    ' - "$file" "$head" "$tail" "$listed" 2>/dev/null
    echo "end $?"
  done
}
"""
"""Needs `near`. `samples MOUNT ADDRESS HEAD TAIL LISTED FILE...` prints both ends of each file, HEAD and TAIL bytes of
them, its notes, and what `zstd -l` says of one of up to LISTED bytes.
"""

WHOLE = r"""
exec 4>&1
near "$1" "$2" || { echo silent; exit; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM PIPE
feed() {
  n=0
  while [ "$n" -lt "$2" ]; do
    sleep "$4" > /dev/null 2>&1 3>&- 4>&- &
    timeout -k 2 "$5" dd if="$1" bs="$3" skip="$n" count=1 iflag=fullblock status=none 2> "$work/dd" ||
      { echo "$?" > "$work/feed"; return; }
    n=$((n + 1))
    echo "at $n" >&4 || return
    wait "$!"
  done
  echo 0 > "$work/feed"
}
unpack() { UNPACK 2> "$work/unpack.said"; echo "$?" > "$work/unpack"; cat > /dev/null; }
look() { READ > /dev/null 2> "$work/look.said"; echo "$?" > "$work/look"; cat > /dev/null; }
{ feed "$3" "$4" "$5" "$6" "$7" | tee /dev/fd/3 | unpack | look; } 3>&1 | sha256sum > "$work/sum"
for part in dd unpack.said look.said; do printf '%s %s\n' "$part" "$(head -c 600 "$work/$part" | base64 -w0)"; done
for part in feed unpack look sum; do printf '%s %s\n' "$part" "$(cat "$work/$part")"; done
"""
"""Arguments: mount, address, file, number of pieces, bytes of a piece, seconds a piece takes at least, and at most.

It says `at N` after each piece, so that it ends by itself when nobody listens any more. The readers read on after they
have ended: so the sum is of the whole file, whatever they thought of it.
"""

_UNPACKERS = {None: "cat", "zst": "zstd -dqc", "gz": "gzip -dqc", "lzo": "lzop -dc", "bz2": "bzip2 -dc"}
_READERS = {"vma": "if command -v vma; then vma verify -; else cat; fi", "tar": "tar -tf -"}


def whole_script(name: ArchiveName) -> str:
    """The script that reads an archive of that name to its end."""
    reader = _READERS["vma" if name.format.startswith("vma") else "tar"]
    return (NEAR + WHOLE).replace("UNPACK", _UNPACKERS[name.compression]).replace("READ", reader)


def away(nas: str) -> Unseen:
    """What is said of an archive when the NAS went away before it was read."""
    return Unseen(f"the NAS {nas} stopped answering", "run this again when it is back; what was verified is kept")


def read_samples(output: str, count: int, nas: str) -> list[Sample | Unseen]:
    """What `samples` printed of so many files; of a NAS that went away the rest is Unseen."""
    found: list[Sample | Unseen] = []
    said: list[str] = []
    for line in output.splitlines():
        if line == "silent":
            break
        if not line.startswith("end "):
            said.append(line)
            continue
        found.append(_sample(said, line.removeprefix("end ")))
        said = []
    return found + [away(nas)] * (count - len(found))


def _sample(said: list[str], code: str) -> Sample | Unseen:
    try:
        size = int(said[0])
        head, tail, notes = (base64.b64decode(line, validate=True) for line in said[1:4])
    except (IndexError, ValueError, binascii.Error):
        if code in ("124", "137"):
            return Unseen("it cannot be read in time", "see whether the NAS is well, and run this again")
        return Unseen("it is gone, or is no file", "run this again")
    if not (head and tail) and size:
        return Unseen("it cannot be read", "see whether the NAS is well, and run this again")
    listed = {"listed 0": True, "listed 1": False}.get(said[4] if len(said) > 4 else "")
    return Sample(size, head, tail, notes.decode("utf-8", "replace").strip() or None, listed)
