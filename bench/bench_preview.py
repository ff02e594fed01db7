"""A preview without a change, against the same program whose resources do nothing: the ratio, runs in turn."""

from __future__ import annotations

import statistics
import sys

from bench.measure import ROOT, project, running_lab, scratch, seconds, spread

RUNS = 7
LIMIT = 1.3


def main() -> None:
    """Print the ratio; exit 1 when it is over the limit."""
    with scratch() as folder, running_lab(folder / "lab") as lab:
        ours = project(folder / "ours", lab)
        trivial = project(folder / "trivial", lab, pulumi=ROOT / "bench" / "trivial")
        times: dict[str, list[float]] = {"ours": [], "trivial": []}
        for stack in (ours, trivial):
            stack("up", "--yes", "--skip-preview")
        for _ in range(RUNS):
            times["ours"].append(seconds(lambda: ours("preview", "--expect-no-changes")))
            times["trivial"].append(seconds(lambda: trivial("preview", "--expect-no-changes")))
        ratio = statistics.median(a / b for a, b in zip(times["ours"], times["trivial"], strict=True))
        print(f"preview without a change: {spread(times['ours'])}, trivial resources: {spread(times['trivial'])}")
        print(f"preview ratio: {ratio:.2f} (limit {LIMIT})")
        sys.exit(ratio > LIMIT)


if __name__ == "__main__":
    main()
