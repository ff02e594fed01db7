"""What a preflight asks of the host in one round trip: its programs, its network, and a test mount.

The mount is on a directory of its own and in a mount namespace of its own, so that it ends with the script however
that ends; where the host has none, traps take it away. Nothing of the NAS is touched unless it has just answered on its
NFS port, and then only under a deadline; once it has fallen silent, it is asked nothing more, and what is mounted is
detached without asking.
"""

from __future__ import annotations

import shlex
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from homebackup.model.mounts import nfs_source
from homebackup.model.site import App, Site

MAPPED = 100000
"""The host's user that root of an unprivileged container is, unless its configuration says otherwise."""
SILENT = (124, 137)
"""Exit codes of what a deadline ended."""

_TELL = r"""
tell() {
  key=$1 limit=$2
  shift 2
  said=$(timeout -k 1 "$limit" "$@" 2>&1 < /dev/null)
  code=$?
  printf '%s %s %s\n' "$key" "$code" "$(printf %s "$said" | head -c 2000 | base64 -w0)"
  return "$code"
}
"""
_TRY = (
    _TELL
    + r"""
nas=$1/nas side=$1/app address=$2 source=$3 options=$4 below=$5
shift 5
made= dead=
umask 022
step() {
  [ -z "$dead" ] || return 1
  tell "$@"
  case "$code $said" in 124* | 137* | *"Input/output error"* | *"Stale file handle"*) dead=yes ;; esac
  return "$code"
}
away() {
  if grep -q -F " $1 " /proc/self/mountinfo; then
    { [ -z "$dead" ] && timeout -k 1 5 umount "$1"; } || timeout -k 1 10 umount -l "$1"
  fi 2> /dev/null
}
clean() {
  trap - EXIT
  if [ -n "$made" ]; then
    if [ -n "$dead" ]; then tell kept 5 echo "${made#"$nas"}"; else timeout -k 1 6 rm -rf -- "$made"; fi
  fi
  away "$side"
  away "$nas"
}
trap clean EXIT
trap 'exit 1' HUP INT PIPE TERM
step mount 20 mount -t nfs -o "$options,retry=0" "$source" "$nas" || exit 1
step space 6 stat -f -c '%S %b %a' "$nas"
where=$nas/$below
timeout -k 1 6 test -d "$where" || where=$nas
timeout -k 1 6 find "$where" -maxdepth 1 -name '.homebackup-preflight.??????' -mmin +10 -exec rm -rf {} + 2> /dev/null
spot=$where/.homebackup-preflight.$$
if step make 6 mktemp -d "$where/.homebackup-preflight.XXXXXX"; then
  made=$said spot=$said/mapped
  tell before 5 date +%s
  step write 6 sh -c 'echo homebackup > "$0"' "$made/one" && step written 6 stat -c '%Y %u' "$made/one"
  tell after 5 date +%s
  step rename 6 mv "$made/one" "$made/two" && step delete 6 rm "$made/two"
  step open 6 chmod 1777 "$made"
fi
step mapped 8 setpriv --reuid=100000 --regid=100000 --clear-groups sh -c '
  trap "rm -f \"\$0.a\" \"\$0.b\"" EXIT
  echo homebackup > "$0.a" && mv "$0.a" "$0.b" && rm "$0.b"' "$spot"
tell now 5 date +%s
app=0
while [ $# -gt 1 ] && [ -z "$dead" ]; do
  step "app-mount.$app" 12 mount -t nfs -o ro,soft,timeo=50,retrans=1,retry=0 "$address:$1" "$side" &&
    step "app.$app" 10 sh -c 'find "$0" -maxdepth 1 -type f -name "$1" -printf "%T@ %s %f\n" | sort -n | tail -n 1' \
      "$side" "$2"
  away "$side"
  app=$((app + 1))
  shift 2
done
exit 0
"""
)
_LOOK = (
    _TELL
    + rf"""
for old in $(timeout 5 find /run -maxdepth 1 -name 'homebackup-preflight.??????' -mmin +10); do
  for place in "$old/nas" "$old/app"; do
    grep -q -F " $place " /proc/self/mountinfo && timeout -k 1 10 umount -l "$place"
    rmdir "$place"
  done
  rmdir "$old"
done 2> /dev/null
knock() {{ tell "$1" 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$2" "$3"; }}
tell hostname 5 hostname
tell kernel 5 uname -r
tell systemd 5 systemctl --version
tell util-linux 5 mount --version
tell zstd 5 zstd --version
tell network 5 systemctl show -p Id,LoadState,UnitFileState,Before networking.service \
  systemd-networkd-wait-online.service NetworkManager-wait-online.service
if knock nas "$1" 2049; then
  tell storage 15 pvesm status &
  tell exports 8 showmount --no-headers -e "$1" &
  knock dsm "$1" 5001 &
  work= apart=
  gone() {{ [ -z "$work" ] || rmdir "$work/nas" "$work/app" "$work" 2> /dev/null || tell left 5 echo "$work"; work=; }}
  trap gone EXIT
  trap 'exit 1' HUP INT PIPE TERM
  unshare -m true 2> /dev/null && apart='unshare -m'
  if work=$(mktemp -d /run/homebackup-preflight.XXXXXX) && mkdir "$work/nas" "$work/app"; then
    chmod 755 "$work"
    $apart sh -c {shlex.quote(_TRY)} homebackup "$work" "$@"
  fi
  wait
  gone
fi
echo end of preflight
"""
)
"""POSIX sh; its arguments are the NAS, the source, its options, the archives' folder in it, and pairs of a
folder of the NAS with the name of an app's files."""


@dataclass(frozen=True)
class Said:
    """How a command ended: its exit code and all that it printed, cut after 2,000 bytes."""

    exit: int
    text: str

    @property
    def ok(self) -> bool:
        """Whether it did what it was for."""
        return self.exit == 0

    @property
    def too_late(self) -> bool:
        """Whether it was waited for in vain, by the deadline or by the kernel."""
        gave_up = any(word in self.text for word in ("Input/output error", "Stale file handle"))
        return self.exit in SILENT or (self.exit != 0 and gave_up)

    @property
    def line(self) -> str:
        """What it said, as one line without its end."""
        return " ".join(self.text.split()).rstrip(".") or f"exit code {self.exit}"


@dataclass(frozen=True)
class Tryout:
    """What the host said, by what it was asked; what came too late or was not asked is not in it."""

    said: Mapping[str, Said] = field(default_factory=dict)

    def of(self, key: str) -> Said | None:
        """What was said to one question, None where it was not asked."""
        return self.said.get(key)

    def ok(self, key: str) -> bool:
        """Whether something was tried and worked."""
        return key in self.said and self.said[key].ok

    @property
    def silent(self) -> str:
        """The step of the test mount at which the NAS fell silent; empty where it did not."""
        return next((key for key in self.said if key in _STEPS and self.said[key].too_late), "")


_STEPS = ("mount", "space", "make", "write", "written", "rename", "delete", "open", "mapped")


def on_nas(site: Site) -> dict[str, App]:
    """The apps whose files are on the NAS, by name, in the order in which they are asked about."""
    here = {None, site.node} | ({site.inventory.host} if site.inventory else set())
    wanted = {name: app for name, app in site.apps.items() if app.path and not app.deferred}
    return {name: app for name, app in wanted.items() if app.host not in here and not app.in_guest}


def script(site: Site) -> str:
    """The command that tries a site's mount and looks at its host."""
    folder = site.archive_folder.removeprefix(site.mount.target).strip("/")
    source = nfs_source(site.nas.address, site.mount.export)
    words = [site.nas.address, source, ",".join(site.mount.options), folder]
    apps = [word for app in on_nas(site).values() for word in (str(app.path), app.glob)]
    return shlex.join(["sh", "-c", _LOOK, "homebackup", *words, *apps])


def read(output: Iterable[str]) -> Tryout:
    """What the lines of the script say; raises ValueError when they were cut short."""
    rows = [line.split(" ", 2) for line in output]
    if ["end", "of", "preflight"] not in rows:
        raise ValueError("the preflight of the host ended before its last line")
    told = [row for row in rows if len(row) == 3 and row[1].isdecimal()]
    return Tryout({row[0]: Said(int(row[1]), b64decode(row[2]).decode("utf-8", "replace").strip()) for row in told})
