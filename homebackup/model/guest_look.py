"""One look into a guest at what dumps one of its applications: script, units, timer, and what the script needs."""

from dataclasses import dataclass, field

from homebackup.model.host_facts import HostFacts, read_look

LOOK = r"""
script=$1 unit=$2 to=$3; shift 3
text() { if [ -f "$1" ]; then printf 'file %s %s\n' "$1" "$(base64 -w0 < "$1")"; fi; }
text "$script"
for kind in service timer; do text "/etc/systemd/system/$unit.$kind"; done
if [ -f "$script" ] && [ ! -x "$script" ]; then echo "mode $script"; fi
if [ -f "/etc/systemd/system/$unit.timer" ]; then
  enabled=$(systemctl is-enabled "$unit.timer")
  echo "timer $unit.timer $enabled, $(systemctl is-active "$unit.timer")"
  for kind in service timer; do
    systemctl show -p NeedDaemonReload -p DropInPaths "$unit.$kind" | while IFS='=' read -r key paths; do
      case $key=$paths in NeedDaemonReload=yes) echo "stale $unit.$kind" ;; esac
      if [ "$key" = DropInPaths ]; then
        for path in $paths; do case $path in */"$unit.$kind".d/*) echo "over $path" ;; esac; done
      fi
    done
  done
fi
if [ -n "$to" ]; then # it may be on a mount whose server is gone
  timeout -k 1 5 sh -c '
    at=$0
    if [ ! -d "$at" ]; then echo "missing $at"; fi
    while [ ! -d "$at" ]; do at=${at%/*} at=${at:-/}; done
    case $(stat -f -c %T "$at") in nfs* | cifs | smb* | fuse*) ;; *) echo "local $0" ;; esac
  ' "$to"
fi
for need; do
  case $need in
    /*) if [ ! -f "$need" ]; then echo "lacks $need"; fi ;;
    *) if ! command -v "$need" >/dev/null 2>&1; then echo "lacks $need"; fi ;;
  esac
done
echo end of look
"""
"""POSIX sh; its arguments are the script, the units' name, the target or nothing, and programs and files it needs."""


@dataclass(frozen=True)
class GuestFacts:
    """What one look saw.

    `there` has files and timers as a look at the host has them, `executable` whether the script can be run, `over` the
    files that change our units from beside them, `stale` whether systemd does not know its units as their files are,
    `missing` whether the target is no directory, `local` whether it is on the guest's own disk, `lacks` the programs
    and files that the script needs and has not.
    """

    there: HostFacts = field(default_factory=HostFacts)
    executable: bool = True
    over: tuple[str, ...] = ()
    stale: bool = False
    missing: bool = False
    local: bool = False
    lacks: tuple[str, ...] = ()


def read_guest(output: str) -> GuestFacts:
    """The facts in the output of LOOK; raises ValueError when it was cut short."""
    there = read_look(output)
    rows = [line.partition(" ") for line in output.splitlines()]

    def told(kind: str) -> tuple[str, ...]:
        return tuple(rest for word, _, rest in rows if word == kind)

    return GuestFacts(
        there=there,
        executable=not told("mode"),
        over=told("over"),
        stale=bool(told("stale")),
        missing=bool(told("missing")),
        local=bool(told("local")),
        lacks=told("lacks"),
    )
