"""One look at the host: the script that takes it in a single round trip, and what it says.

Nothing under a mount point is touched unless its server answers on the NFS port, and then only with a deadline: a
stat on a soft mount whose server is gone takes a minute or more. mountinfo, fstab and unit files are local and never
block.
"""

from base64 import b64decode
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
  if [ -f "$path" ]; then
    unit=${path##*/}
    say timer "$unit" "$(systemctl is-enabled "$unit"), $(systemctl is-active "$unit")"
  fi
done
look() {
  if timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/2049"' "$1" 2>/dev/null; then
    say answers "$1" yes
    if grep -q -F " $2 " /proc/self/mountinfo; then
      if timeout -k 2 5 stat -f -c %T "$2" >/dev/null 2>&1; then say responds "$2" yes
      else
        say responds "$2" no
        said=$(timeout 2 journalctl -k -b -q -o short-iso --no-pager -g "server $1 (not responding|OK)" 2>/dev/null)
        say kernel "$2" "$(printf '%s\n' "$said" | tail -n 500 | base64 -w0)"
      fi
    fi
  else
    say answers "$1" no
  fi
}
beneath() { unshare -m sh -c 'mount -n --bind "${0%/*}/" /run && lsattr -d "/run/${0##*/}"' "$1" 2>/dev/null; }
users() {
  for pid in $(find /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe /proc/[0-9]*/fd \
      -lname "$1" -o -lname "$1/*" 2>/dev/null | cut -d / -f 3 | sort -u); do
    named=$(tr '\0' ' ' < "/proc/$pid/cmdline")
    case $named in 'task UPID:'*) ;; *) named=$(cat "/proc/$pid/comm") ;; esac
    say user "$1" "${named% } (PID $pid)"
  done 2>/dev/null
}
while [ $# -gt 1 ]; do
  look "$1" "$2" &
  if grep -q -F " $2 " /proc/self/mountinfo; then
    users "$2"
    case "$(beneath "$2")" in
      *i*' '*) say directory "$2" immutable ;;
      *' '*) say directory "$2" plain ;;
    esac
  else
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
"""POSIX sh; its arguments are pairs of a server and a mount point.

What uses a mount is read from the links in /proc, and the directory under it in a mount namespace of the look's own:
neither asks the server anything.
"""


@dataclass(frozen=True)
class HostFacts:
    """What one look saw.

    `files` holds whole contents by path; `answers` whether a server answers on its NFS port; `responds` whether a
    mounted target answered a stat in time, and `silent` since when one did not, as the kernel's log has it: nothing for
    a server that answers but no longer knows what is mounted; `directories` the state of the directory itself, under
    the mount when there is one (left out where the host does not let it be seen): missing, plain, immutable or other;
    `users` the processes that use a mounted target, a task of Proxmox VE by its UPID; `timers` what systemd says of a
    timer of ours, whether it starts at boot and whether it runs: `enabled, active`.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    mounts: tuple[Mount, ...] = ()
    answers: Mapping[str, bool] = field(default_factory=dict)
    responds: Mapping[str, bool] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
    directories: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timers: Mapping[str, str] = field(default_factory=dict)

    @property
    def fstab(self) -> bytes:
        """The bytes of /etc/fstab; empty when there is none."""
        return self.files.get("/etc/fstab", b"")

    def at(self, target: str) -> list[Mount]:
        """What is mounted on exactly that directory, the top one last."""
        return [m for m in self.mounts if m.target == target]

    def unresponsive(self, target: str) -> str:
        """The words for a mount whose server answers while it does not; empty for any other."""
        if self.responds.get(target, True):
            return ""
        return f"mount unresponsive since {self.silent[target]}" if target in self.silent else "mount unresponsive"


def read_look(output: str) -> HostFacts:
    """The facts in the output of PROBE; raises ValueError when it was cut short."""
    rows = [line.split(" ", 2) for line in output.splitlines()]
    if ["end", "of", "look"] not in rows:
        raise ValueError("the look at the host ended before its last line")

    def pick(kind: str) -> dict[str, str]:
        return {row[1]: row[2] if len(row) > 2 else "" for row in rows if row[0] == kind}

    users: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row[0] == "user" and len(row) > 2:
            users[row[1]] = (*users.get(row[1], ()), row[2])
    files = {path: b64decode(text) for path, text in pick("file").items()}
    return HostFacts(
        files={path: text for path, text in files.items() if path != "/proc/self/mountinfo"},
        mounts=mounted(files.get("/proc/self/mountinfo", b"").decode("utf-8", "surrogateescape")),
        answers={server: said == "yes" for server, said in pick("answers").items()},
        responds={target: said == "yes" for target, said in pick("responds").items()},
        silent={target: since for target, said in pick("kernel").items() if (since := _since(b64decode(said)))},
        directories=pick("directory"),
        users=users,
        timers=pick("timer"),
    )


def _since(log: bytes) -> str:
    """When the server fell silent: the stamp of the first complaint after the last time that it was well."""
    since = ""
    for line in log.decode("utf-8", "replace").splitlines():
        stamp, _, said = line.partition(" ")
        if "not responding" in said:
            since = since or stamp
        elif said.endswith(" OK"):
            since = ""
    return since
