"""One look at the host: the script that takes it in a single round trip, and what it says.

Nothing under a mount point is touched unless its server answers on the NFS port, and then only with a deadline: a
stat on a soft mount whose server is gone takes a minute or more. mountinfo, fstab and unit files are local and never
block.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from homebackup.model.mounts import Mount, mounted

PROBE = r"""
say() { printf '%s %s %s\n' "$1" "$2" "$3"; }
text() { say "$1" "$2" "$(base64 -w0 < "$2")"; }
text file /proc/self/mountinfo
for path in /etc/fstab /etc/vzdump.conf /etc/systemd/system/homebackup-*; do
  if [ -f "$path" ]; then text file "$path"; fi
done
for path in /etc/systemd/system/homebackup-*.timer; do
  if [ -f "$path" ]; then say timer "${path##*/}" "$(systemctl is-active "${path##*/}")"; fi
done
look() {
  if timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/2049"' "$1" 2>/dev/null; then
    say answers "$1" yes
    if grep -q -F " $2 " /proc/self/mountinfo; then
      if timeout -k 2 5 stat -f -c %T "$2" >/dev/null 2>&1; then say responds "$2" yes; else say responds "$2" no; fi
    fi
  else
    say answers "$1" no
  fi
}
while [ $# -gt 1 ]; do
  look "$1" "$2" &
  if ! grep -q -F " $2 " /proc/self/mountinfo; then
    if [ -d "$2" ]; then
      case "$(lsattr -d "$2" 2>/dev/null)" in
        *i*' '*) say directory "$2" immutable ;;
        *) say directory "$2" plain ;;
      esac
    elif [ -e "$2" ]; then say directory "$2" other
    else say directory "$2" missing
    fi
  fi
  shift 2
done
wait
echo end of look
"""
"""POSIX sh; its arguments are pairs of a server and a mount point."""


@dataclass(frozen=True)
class HostFacts:
    """What one look saw.

    `files` holds whole contents by path; `answers` whether a server answers on its NFS port; `responds` whether a
    mounted target answered a stat in time; `directories` the state of an unmounted target: missing, plain, immutable or
    other; `timers` whether a timer of ours is active.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    answers: Mapping[str, bool] = field(default_factory=dict)
    responds: Mapping[str, bool] = field(default_factory=dict)
    directories: Mapping[str, str] = field(default_factory=dict)
    timers: Mapping[str, bool] = field(default_factory=dict)

    @property
    def fstab(self) -> bytes:
        """The bytes of /etc/fstab; empty when there is none."""
        return self.files.get("/etc/fstab", b"")

    def at(self, target: str) -> list[Mount]:
        """What is mounted on exactly that directory, the top one last."""
        return [m for m in self.mounts if m.target == target]


def read_look(output: str) -> HostFacts:
    """The facts in the output of PROBE; raises ValueError when it was cut short."""
    rows = [line.split(" ", 2) for line in output.splitlines()]
    if ["end", "of", "look"] not in rows:
        raise ValueError("the look at the host ended before its last line")

    def pick(kind: str) -> dict[str, str]:
        return {row[1]: row[2] if len(row) > 2 else "" for row in rows if row[0] == kind}

    files = {path: base64.b64decode(text) for path, text in pick("file").items()}
    return HostFacts(
        files={path: text for path, text in files.items() if path != "/proc/self/mountinfo"},
        mounts=mounted(files.get("/proc/self/mountinfo", b"").decode("utf-8", "surrogateescape")),
        answers={server: said == "yes" for server, said in pick("answers").items()},
        responds={target: said == "yes" for target, said in pick("responds").items()},
        directories=pick("directory"),
        timers={name: said == "active" for name, said in pick("timer").items()},
    )
