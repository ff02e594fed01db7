"""A file on the host replaced at once: written beside it, checked, synced, renamed; the bytes before are kept too."""

import hashlib

from homebackup.model.steps import Write
from homebackup.world.errors import Busy, Changed, Failed, Refused, Trouble
from homebackup.world.session import Ran

_SCRIPT = r"""
set -eu
path=$(readlink -f "$1") expected=$2 content=$3 mode=$4 verify=$5
exec 9>>/run/lock/homebackup.lock
flock -w 20 9 || exit 75
sum() { sha256sum < "$1" | cut -d ' ' -f 1; }
unchanged() { if [ -e "$path" ]; then [ "$(sum "$path")" = "$expected" ]; else [ "$expected" = none ]; fi; }
errors() { timeout 10 findmnt --verify --tab-file "$1" 2>&1 | grep -c '\[E\]' || true; }
unchanged || exit 76
if [ "$content" = none ]; then
  if [ -e "$path" ]; then rm -f "$path" "$path".homebackup-previous; sync "$(dirname "$path")"; fi
  exit 0
fi
rm -f "$path".homebackup.??????
fresh=$(mktemp "$path.homebackup.XXXXXX")
trap 'rm -f "$fresh"' EXIT
cat > "$fresh"
[ "$(sum "$fresh")" = "$content" ] || exit 78
if [ -e "$path" ]; then
  cp --attributes-only --preserve=all "$path" "$fresh"
  touch "$fresh"
  cp --preserve=all "$path" "$path.homebackup-previous"
else
  chmod "$mode" "$fresh"
fi
if [ "$verify" = fstab ] && [ -e "$path" ] && [ "$(errors "$fresh")" -gt "$(errors "$path")" ]; then
  timeout 10 findmnt --verify --tab-file "$fresh" 2>&1 | grep -F '[E]' >&2
  exit 77
fi
sync "$fresh"
unchanged || exit 76
mv -f "$fresh" "$path"
trap - EXIT
sync "$(dirname "$path")"
"""


def command(step: Write) -> list[str]:
    """The command that carries the step out; the new content goes to its standard input, whole or not at all."""
    arguments = [step.path, _sum(step.before), _sum(step.after), f"{step.mode:o}", step.verify or "nothing"]
    return ["sh", "-c", _SCRIPT, "homebackup", *arguments]


def verdict(step: Write, where: str, ran: Ran) -> Trouble | None:
    """What went wrong, None when the file is as it should be; `where` is the host or a guest."""
    subject = f"{step.path} on {where}"
    if ran.exit == 0:
        return None
    if ran.exit == 75:
        return Busy(
            subject, "another homebackup is changing files at this moment", "wait until it has ended and run this again"
        )
    if ran.exit == 76:
        return Changed(
            subject,
            "somebody changed it while this ran",
            "nothing was overwritten; run this again to start from what is there now",
        )
    if ran.exit == 77:
        return Refused(
            subject,
            f"findmnt --verify found fault with the new lines: {ran.said}",
            "correct the declaration; the file is as it was",
        )
    if ran.exit == 78:
        return Failed(subject, "the new content did not arrive whole", "the file is as it was; run this again", exit=78)
    return Failed(
        subject,
        ran.said or f"exit code {ran.exit}",
        "the file is as it was; remove the cause and run this again",
        exit=ran.exit,
    )


def _sum(content: bytes | None) -> str:
    return "none" if content is None else hashlib.sha256(content).hexdigest()
