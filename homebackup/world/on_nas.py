"""A small file of ours beside the archives on the NAS, replaced at once, and only while the declared export is mounted.

Whether it is mounted is asked from inside the directory that is written to, so that what is asked is what is used:
the working directory holds a mount in place, and one that went away before is no NFS.
"""

import hashlib
import shlex

from homebackup.model.backups.dump_listing import FUNCTIONS
from homebackup.model.mounts import nfs_source
from homebackup.model.site import Site
from homebackup.world.errors import Busy, Failed, Refused, Trouble, Unreachable
from homebackup.world.host import Host

_ESCAPED = " \t\n\\"
"""Characters that mountinfo shows in octal."""
LONGEST = 60.0
"""Seconds that a write takes at most, by the deadlines in the script."""
_WRITE = r"""
cd "$1" 2>/dev/null || exit 81
case $(stat -f -c %T .) in nfs*) ;; *) exit 81 ;; esac
top=
while read -r _ _ _ _ point rest; do
  if [ "$point" = "$1" ]; then rest=${rest#* - }; rest=${rest#* }; top=${rest%% *}; fi
done < /proc/self/mountinfo
[ "${top%/}" = "${2%/}" ] || exit 81
exec 9>>/run/lock/homebackup.lock
flock -w 10 9 || exit 75
if [ -L "$3" ] || { [ -e "$3" ] && [ ! -f "$3" ]; }; then exit 82; fi
if [ -e "$3" ]; then
  [ "$(head -n 1 "$3")" = "$5" ] || exit 82
  [ "$(sha256sum < "$3" | cut -d ' ' -f 1)" != "$4" ] || { echo same; exit 0; }
fi
rm -f ".$3.homebackup."??????
fresh=$(mktemp ".$3.homebackup.XXXXXX") || exit 1
trap 'rm -f "$fresh"' EXIT
cat > "$fresh" && chmod 644 "$fresh" || exit 1
[ "$(sha256sum < "$fresh" | cut -d ' ' -f 1)" = "$4" ] || exit 78
sync "$fresh" && mv -f "$fresh" "$3" || exit 1
trap - EXIT
sync .
"""
_GUARDED = rf"""{FUNCTIONS}
knock "$1" 2049 || exit 79
shift
timeout -k 2 40 sh -c {shlex.quote(_WRITE)} homebackup "$@"
"""


async def keep(host: Host, site: Site, name: str, content: bytes, mark: str) -> bool:
    """Write a file into the folder of the site's storage; whether anything had to be written.

    One that is there already is replaced only when its first line is `mark`. Raises Unreachable while the NAS is away,
    Refused while anything else than the declared export is there, Failed when the NAS does not take the file.
    """
    mount = site.mount.target
    source = nfs_source(site.nas.address, site.mount.export)
    shown = "".join(f"\\{ord(char):03o}" if char in _ESCAPED else char for char in source)
    words = [site.nas.address, mount, shown, name, hashlib.sha256(content).hexdigest(), mark]
    ran = await host.run(shlex.join(["sh", "-c", _GUARDED, "homebackup", *words]), stdin=content, timeout=LONGEST)
    if ran.exit:
        raise _trouble(f"{mount}/{name}", site, source, ran.exit, ran.said)
    return ran.text.strip() != "same"


def _trouble(subject: str, site: Site, source: str, code: int, said: str) -> Trouble:
    again = "run this again"
    if code in (79, 124, 137):
        return Unreachable(subject, f"the NAS {site.nas.address} does not answer", f"switch it on and {again}")
    if code == 81:
        wrong = f"{source} is not mounted at {site.mount.target} at this moment, and nothing was written"
        return Refused(subject, wrong, f"run pulumi up, which mounts it, and {again}")
    if code == 82:
        return Refused(subject, "a file that is none of ours has this name", f"move it away and {again}")
    if code == 75:
        return Busy(subject, "another homebackup writes it at this moment", again)
    if code == 78:
        return Failed(subject, "it did not arrive whole, and the one before is as it was", again)
    remedy = f"see that the NAS lets root of the host write there, and {again}"
    return Failed(subject, f"it cannot be written ({said or f'exit code {code}'})", remedy, exit=code)
