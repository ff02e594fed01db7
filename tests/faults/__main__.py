"""Breaks every operation at every step in every way: `python -m tests.faults`, on every processor there is."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context

from tests.faults.hostile import of_examples
from tests.faults.matrix import Score, of_scene, quiet
from tests.faults.scenes import scenes

EXAMPLES = 40
"""Made-up files a batch."""
BATCHES = 8


def main(wanted: str) -> int:
    """Run the scenes whose title has `wanted` in it, and the made-up files; 0 when all is as it must be."""
    began, total, examples = time.monotonic(), Score("all"), 0
    chosen = [number for number, scene in enumerate(scenes()) if wanted in scene.title]
    workers = 2 * (os.cpu_count() or 1)  # half of a case's time is waiting for an answer that does not come
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=quiet) as pool:
        work: dict[Future[Score], bool] = {pool.submit(of_scene, number): False for number in chosen}
        if wanted in "hypothesis":
            work |= {pool.submit(of_examples, start, EXAMPLES): True for start in range(BATCHES)}
        for done in as_completed(work):
            score = done.result()
            total.plus(score)
            examples += score.cases if work[done] else 0
            say(f"{score.title}: {score.cases} cases, {score.seconds:.0f} s")
            for failure in score.failures:
                say(f"  FAILED {failure}")
    say(f"{examples} of the cases are examples made up by hypothesis; {time.monotonic() - began:.0f} s in all")
    say(total.line)
    return 0 if total.well else 1


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
