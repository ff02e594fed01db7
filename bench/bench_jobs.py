"""500 vzdump jobs: API calls of one refresh, and the provider's memory at its highest."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path

from bench.measure import project, running_lab, scratch, seconds

JOBS = 500
CALLS = 3
MEGABYTES = 150
PROGRAM = f"""
from homebackup.engine.program import VzdumpJob
for n in range({JOBS}):
    VzdumpJob(f"job{{n}}", job=f"job-{{n}}", vmid=[100 + n], schedule="03:00", storage="local", comment=f"number {{n}}")
"""


class Watch(threading.Thread):
    """Looks at the highest resident memory of every provider process of ours while it runs, in KiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.highest = 0

    def run(self) -> None:
        """Look twenty times a second."""
        while not self.over.wait(0.05):
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if b"homebackup.engine" in (process / "cmdline").read_bytes():
                        status = (process / "status").read_text()
                        self.highest = max(self.highest, int(status.split("VmHWM:")[1].split()[0]))


def main() -> None:
    """Print the figures; exit 1 when one is over its limit."""
    with scratch() as folder, running_lab(folder / "lab") as lab:
        stack = project(folder / "jobs", lab, program=PROGRAM, api="https")
        watch = Watch()
        watch.start()
        created = seconds(lambda: stack("up", "--yes", "--skip-preview"))
        lab.forget()
        previewed = seconds(lambda: stack("preview", "--expect-no-changes"))
        calls = [r for r in lab.requests() if r["kind"] == "api" or "pvesh" in r.get("command", "")]
        watch.over.set()
        watch.join()
        print(f"{JOBS} jobs: created in {created:.0f} s, a preview without a change {previewed:.1f} s")
        print(f"API calls of a refresh: {len(calls)} (limit {CALLS})")
        print(f"provider memory: {watch.highest / 1024:.0f} MB (limit {MEGABYTES})")
        sys.exit(len(calls) > CALLS or watch.highest / 1024 > MEGABYTES)


if __name__ == "__main__":
    main()
