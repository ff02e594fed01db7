"""Since when the runs of a job count: Proxmox VE starts to reckon anew when its schedule or its switch changes.

That is in the files in which its scheduler keeps what it knows of jobs; only root on the node can read them.
"""

import base64
import json

STATES = r"""
states() {
  cat /proc/uptime
  for file in /var/lib/pve-manager/jobs/vzdump-*.json; do
    [ -f "$file" ] || continue
    echo "$file $(head -c 4000 "$file" | base64 -w0)"
  done
}
"""
"""sh: `states` prints how long the node has been up, and what its scheduler knows of each job."""
AFTER_BOOT = 900
"""Seconds after the node was switched on in which its scheduler starts.

It then takes every job for one that was just changed, so that nothing is made up for; but what was missed is missed.
"""


def read_states(text: str, now: float) -> dict[str, int]:
    """By job the epoch from which on its runs count, where that is not all of them; `now` is the host's clock."""
    first, *rest = text.splitlines() or [""]
    words = first.split()
    booted = now - float(words[0]) if words and words[0].replace(".", "", 1).isdecimal() else 0
    found: dict[str, int] = {}
    for line in rest:
        file, _, encoded = line.rpartition(" ")
        since = _since(encoded, booted)
        if since:
            found[file.rpartition("/vzdump-")[2].removesuffix(".json")] = since
    return found


def _since(encoded: str, booted: float) -> int:
    """When the job was made or changed; 0 when it ran since, or nothing is told."""
    try:
        state = json.loads(base64.b64decode(encoded, validate=True))
        made = int(state["time"]) if state.get("state") == "created" else 0
        changed = int(state.get("updated") or 0)
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0
    return max(made, 0 if booted - 60 <= changed <= booted + AFTER_BOOT else changed)
