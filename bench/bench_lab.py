"""The lab: from its start until it serves."""

from __future__ import annotations

import sys
import time

from bench.measure import scratch, spread
from tests.running_lab import Lab

RUNS = 7
LIMIT = 1.0


def main() -> None:
    """Print the times; exit 1 when the median is over the limit."""
    times = []
    for _ in range(RUNS):
        with scratch() as folder:
            (folder / "lab").mkdir()
            began = time.perf_counter()
            lab = Lab.start(folder / "lab")
            times.append(time.perf_counter() - began)
            lab.stop()
    print(f"lab: start to ready {spread(times)} (limit {LIMIT:.1f} s)")
    sys.exit(sorted(times)[RUNS // 2] > LIMIT)


if __name__ == "__main__":
    main()
