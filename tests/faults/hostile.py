"""Files that nobody would write and somebody has, with faults at any position: found by hypothesis."""

from __future__ import annotations

import asyncio
import tempfile
import time
from itertools import islice
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from homebackup.world.errors import Refused
from tests.faults import damage
from tests.faults.breaks import breaks
from tests.faults.house import House
from tests.faults.matrix import Score
from tests.faults.scenes import EXPORT, NAS, TARGET, Scene, mount
from tests.faults.trial import Case, Trial

_BLANK = st.sampled_from([b" ", b"\t", b"  ", b" \t  "])
_WORD = st.binary(min_size=1, max_size=8).map(lambda word: bytes(c for c in word if c > 32 and c not in b"#/") or b"x")
_OURS = [
    f"{NAS}:{EXPORT} {TARGET} nfs soft 0 0",
    f"{NAS}:{EXPORT}\t{TARGET}/  nfs4\tdefaults,soft,timeo=50",
    f"  {NAS}:{EXPORT} {TARGET} nfs hard,nofail 0 2  # mine",
    f"{NAS}:/volume1/backups/homeassistant_backups //mnt//nas-backups nfs soft,ro 0 0",
]
_THEIRS = [
    f"# {NAS}:{EXPORT} {TARGET} nfs soft 0 0",
    f"#{TARGET}",
    f"{TARGET}",
    f"{TARGET} /srv/elsewhere none bind,noauto 0 0",
    "UUID=1-2 /mnt/nas-backups-old ext4 noauto",
    f"{NAS}:/other /mnt/other nfs soft,noauto 0 0",
    "proc /proc proc defaults 0 0",
    "LABEL=a\\040b /mnt/a\\040b ext4 noauto,nofail 0 2",
    "half a",
    "",
    " \t ",
]
"""Lines that are none of ours, however much they look like it."""
_line = st.one_of(
    st.sampled_from(_THEIRS).map(str.encode),
    st.sampled_from(_OURS).map(str.encode),
    st.builds(
        lambda indent, words, gap: indent + gap.join([words[0], b"/srv/" + words[1], b"ext4", b"noauto"]),
        st.sampled_from([b"", b" ", b"\t"]),
        st.lists(_WORD, min_size=2, max_size=2),
        _BLANK,
    ),
    st.binary(max_size=20).map(lambda line: b"#" + line.replace(b"\n", b"").replace(b"\0", b"")),
)
_fstab = st.builds(
    lambda lines, ends, last: b"".join(line + end for line, end in zip(lines, ends, strict=False)) + last,
    st.lists(_line, max_size=6), st.lists(st.sampled_from([b"\n", b"\n", b"\r\n"]), min_size=6, max_size=6),
    st.sampled_from([b"", b"# no last line feed", b"proc /proc proc defaults 0 0\r"]),
)  # fmt: skip


def of_examples(start: int, examples: int) -> Score:
    """What comes of so many made-up files; `start` seeds them, so that each run tries the same."""
    began, score = time.process_time(), Score(f"hypothesis {start}")
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        opened = House.open(Path(folder))
        house = runner.run(opened.__aenter__())

        @seed(start)
        @settings(
            max_examples=examples, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(_fstab, st.booleans(), st.booleans(), st.integers(0, 9), st.integers(0, 70))
        def keeps_what_is_not_ours(content: bytes, deletes: bool, mounted: bool, at: int, which: int) -> None:
            runner.run(_one(house, score, content, _scene(deletes, mounted), at, which))

        try:
            keeps_what_is_not_ours()
        except AssertionError as error:
            score.cases += 1
            score.failures.append(f"{score.title}: {error}")
        runner.run(opened.__aexit__(None, None, None))
    score.seconds = time.process_time() - began
    return score


def _scene(deletes: bool, mounted: bool) -> Scene:
    by_hand = f"mkdir -p {TARGET}; mount -t nfs -o soft {NAS}:{EXPORT} {TARGET}" if mounted else ""
    return Scene("a made-up fstab", "NfsMount", "https", mount(), None if deletes else mount(), by_hand)


async def _one(house: House, score: Score, content: bytes, scene: Scene, at: int, which: int) -> None:
    trial = Trial(house, scene, content, adopted=True)
    try:
        await trial.prepare()
    except Refused:
        left = damage.changed_bytes(damage.foreign(scene, trial.start), damage.foreign(scene, house.picture()))
        assert not left, (content, left)
        score.add(Case("refused", (), 0, 0))
        return
    if not trial.moments:
        return
    at %= len(trial.moments)
    case = None
    while case is None:  # a position behind a script's end is no fault
        case = await trial.case(at, list(islice(breaks(trial.moments[at], scene.way), which + 1))[-1])
        which //= 2
    await house.left(trial.whole)
    assert (case.problems, case.foreign, case.secrets) == ((), 0, 0), (case, content)
    score.add(case)
