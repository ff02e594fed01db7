"""The node's defaults: keys of ours come, change and go, every other byte of /etc/vzdump.conf stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homebackup.model import vzdump_conf
from homebackup.model.host_facts import HostFacts
from homebackup.model.steps import Plan, Write
from homebackup.resources.vzdump_defaults import VzdumpDefaults

PATH = "/etc/vzdump.conf"
DEBIAN = b"# vzdump default settings\n\n#tmpdir: DIR\n#storage: STORAGE_ID\n#mode: snapshot|suspend|stop\n"

CHANGED: dict[str, tuple[bytes, dict[str, str | None], bytes]] = {
    # before, what is wanted, after
    "no file": (b"", {"tmpdir": "/var/tmp"}, b"tmpdir: /var/tmp\n"),
    "as installed": (DEBIAN, {"tmpdir": "/var/tmp"}, DEBIAN + b"tmpdir: /var/tmp\n"),
    "no line feed at the end": (b"mode: stop", {"tmpdir": "/t"}, b"mode: stop\ntmpdir: /t"),
    "replaced where it stands": (b"tmpdir: /a\nmode: stop\n", {"tmpdir": "/b"}, b"tmpdir: /b\nmode: stop\n"),
    "said already, oddly spaced": (b"  tmpdir :/a  \n", {"tmpdir": "/a"}, b"  tmpdir :/a  \n"),
    "taken out": (b"# a\ntmpdir: /a\nmode: stop\n", {"tmpdir": None}, b"# a\nmode: stop\n"),
    "taken out, not there": (DEBIAN, {"tmpdir": None}, DEBIAN),
    "twice": (b"tmpdir: /a\ntmpdir: /b\n", {"tmpdir": "/a"}, b"tmpdir: /a\n"),
    "twice, taken out": (b"tmpdir: /a\nx: 1\ntmpdir: /b\n", {"tmpdir": None}, b"x: 1\n"),
    "a comment of the key": (b"#tmpdir: /a\n", {"tmpdir": "/b"}, b"#tmpdir: /a\ntmpdir: /b\n"),
    "a key that begins alike": (b"tmpdirs: /a\n", {"tmpdir": None}, b"tmpdirs: /a\n"),
    "no UTF-8": (b"# K\xfchl\nscript: /k\xfchl\n", {"mode": "stop"}, b"# K\xfchl\nscript: /k\xfchl\nmode: stop\n"),
    "several": (b"a: 1\nb: 2\n", {"a": None, "b": "3", "c": "4"}, b"b: 3\nc: 4\n"),
}


@pytest.mark.parametrize(("before", "wanted", "after"), CHANGED.values(), ids=CHANGED.keys())
def test_the_file(before: bytes, wanted: dict[str, str | None], after: bytes) -> None:
    found = vzdump_conf.changed(before, wanted)
    assert found == after
    assert vzdump_conf.changed(found, wanted) == found
    values = vzdump_conf.values(found)
    assert {name: values.get(name) for name in wanted} == wanted


@given(before=st.binary(max_size=80), value=st.sampled_from(["/var/tmp", "a: b", "1"]))
def test_any_file_keeps_every_byte_that_is_not_ours(before: bytes, value: str) -> None:
    after = vzdump_conf.changed(before, {"tmpdir": value})
    assert vzdump_conf.values(after)["tmpdir"] == value
    if "tmpdir" not in vzdump_conf.values(before):
        assert vzdump_conf.changed(after, {"tmpdir": None}) == before
        assert after.startswith(before)


def host(content: bytes | None) -> HostFacts:
    return HostFacts(files={} if content is None else {PATH: content})


FOUND: dict[str, tuple[bytes | None, dict[str, Any], dict[str, Any] | None]] = {
    # the file, what was managed before ({}: an import), what is seen (None: nothing of it is there)
    "no file": (None, {"tmpdir": "/t"}, None),
    "as installed": (DEBIAN, {"tmpdir": "/t"}, None),
    "as managed": (b"tmpdir: /t\nmode: stop\n", {"tmpdir": "/t"}, {"tmpdir": "/t"}),
    "changed by hand": (b"tmpdir: /u\n", {"tmpdir": "/t"}, {"tmpdir": "/u"}),
    "one of two is gone": (b"tmpdir: /t\n", {"tmpdir": "/t", "ionice": 8}, {"tmpdir": "/t"}),
    "another spelling": (
        b"prune-backups: keep-daily=7,keep-last=3\nstdexcludes: 0\n",
        {"prune_backups": {}, "stdexcludes": True},
        {"prune_backups": {"keep-last": 3, "keep-daily": 7}, "stdexcludes": False},
    ),
    "what we would refuse": (b"ionice: 9\n", {"ionice": 8}, {"ionice": "9"}),
    "an import": (b"tmpdir: /t\nionice: 7\nexclude-path: /x\n", {}, {"tmpdir": "/t", "ionice": 7}),
    "an import of nothing": (b"exclude-path: /x\n", {}, None),
}


@pytest.mark.parametrize(("content", "known", "values"), FOUND.values(), ids=FOUND.keys())
def test_what_is_found(content: bytes | None, known: dict[str, Any], values: dict[str, Any] | None) -> None:
    seen = VzdumpDefaults.found(PATH, host(content), known)
    assert seen == (None if values is None else VzdumpDefaults(**values))


TMPDIR, IDLE = VzdumpDefaults(tmpdir="/t"), VzdumpDefaults(ionice=8)
PLANNED: dict[str, tuple[bytes | None, VzdumpDefaults | None, VzdumpDefaults | None, bytes | None]] = {
    # the file, what was there of ours, what is wanted, the file afterwards (None: nothing is done)
    "made, no file": (None, None, TMPDIR, b"tmpdir: /t\n"),
    "made": (DEBIAN, None, TMPDIR, DEBIAN + b"tmpdir: /t\n"),
    "there already": (b"tmpdir: /t\n", TMPDIR, TMPDIR, None),
    "another key instead": (b"# x\ntmpdir: /t\nmode: stop\n", TMPDIR, IDLE, b"# x\nmode: stop\nionice: 8\n"),
    "one key more": (b"tmpdir: /t\n", TMPDIR, VzdumpDefaults(tmpdir="/t", ionice=8), b"tmpdir: /t\nionice: 8\n"),
    "removed": (b"# x\ntmpdir: /t\nmode: stop\n", TMPDIR, None, b"# x\nmode: stop\n"),
    "removed, and nothing is left": (b"tmpdir: /t\n", TMPDIR, None, b""),
    "removed, gone already": (b"mode: stop\n", TMPDIR, None, None),
}


@pytest.mark.parametrize(("before", "seen", "wanted", "after"), PLANNED.values(), ids=PLANNED.keys())
def test_what_is_done(
    before: bytes | None, seen: VzdumpDefaults | None, wanted: VzdumpDefaults | None, after: bytes | None
) -> None:
    if wanted is None:
        assert seen is not None
        plan = seen.deleting(host(before))
    else:
        plan = wanted.creating(host(before)) if seen is None else wanted.updating(seen, host(before))
    assert plan == (Plan() if after is None else Plan((Write(PATH, before, after),)))
