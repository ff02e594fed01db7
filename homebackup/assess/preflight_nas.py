"""What a preflight finds of the NAS: whether it answers, what it offers, and what the test mount came to."""

from collections.abc import Iterator

from homebackup.assess.preflight_files import of_files
from homebackup.model.finding import Finding
from homebackup.model.host_facts import HostFacts
from homebackup.model.preflight import Preflight
from homebackup.model.site import Site
from homebackup.model.tryout import MAPPED, Said, Tryout

PORT, DSM_PORT = 2049, 5001
AGREE = 60
"""Seconds by which the clocks of host and NAS may differ."""
ON = "switch it on, and see that its NFS service runs and lets the host in"
WHERE = "in DSM under Control Panel, Shared Folder, Edit, NFS Permissions"


def of_nas(site: Site, seen: Preflight) -> Iterator[Finding]:
    """Everything that was tried with the NAS, as far as it answered."""
    tried, subject = seen.tryout, f"NAS {site.nas.address}"
    if isinstance(tried, Finding):
        yield tried
    elif tried is not None:
        if isinstance(seen.host, HostFacts) and (hangs := seen.host.unresponsive(site.mount.target)):
            said = f"{hangs}, though the NAS {site.nas.address} answers the host on port {PORT}"
            remedy = f"see that the NAS still exports {site.mount.export} to the host"
            yield Finding("mount-hangs", "trouble", f"NFS mount {site.mount.target}", said, remedy)
        if not tried.ok("nas"):
            yield Finding("nas", "unknown", subject, f"it does not answer the host on port {PORT}", ON)
            yield from _dsm(site, seen, None)
            return
        if step := tried.silent:
            said = f"it answered the host on port {PORT}, and fell silent in the middle of the test mount (at {step})"
            yield Finding("nas", "unknown", subject, said, "see that it stays on, and run this again")
        else:
            yield Finding("nas", "well", subject, f"it answers the host on port {PORT}")
        yield from _mount(site, tried)
        yield from _left(tried)
        yield from of_files(site, seen, tried)
    yield from _dsm(site, seen, tried if isinstance(tried, Tryout) else None)


def _mount(site: Site, tried: Tryout) -> Iterator[Finding]:
    """What became of the test mount."""
    mounted, export = tried.of("mount"), f"export {site.mount.export}"
    options = ",".join(site.mount.options)
    if mounted is None:
        said = "it was not tried, as /run of the host takes no directory"
        yield Finding("test-mount", "unknown", export, said, "make room there, and run this again")
    elif mounted.ok:
        yield Finding("export", "well", export, "the NAS offers it to this host")
        yield Finding("test-mount", "well", export, f"it can be mounted with {options}")
        yield from _root(site, tried)
        yield from _mapped(site, tried)
        yield from _clock(site, tried)
    elif "access denied" in mounted.text or "No such file" in mounted.text:
        said = f"the NAS does not let this host mount it ({mounted.line}){_offered(site, tried)}"
        remedy = f"let the host's LAN address read and write it {WHERE}, and see that its path is written right"
        yield Finding("export", "trouble", export, said, remedy)
    elif "incorrect mount option" in mounted.text:
        said = f"mount does not understand the options {options} ({mounted.line})"
        yield Finding("test-mount", "trouble", export, said, "correct options of the site's mount")
    elif mounted.too_late:
        said = "the NAS answers, but a mount did not end within 20 s"
        yield Finding(
            "test-mount", "unknown", export, said, "see in DSM that its NFS service is well, and run this again"
        )
    else:
        helper = "bad option" in mounted.text or "unknown filesystem" in mounted.text
        remedy = "install nfs-common on the host" if helper else "see what it says, correct it, and run this again"
        yield Finding("test-mount", "trouble", export, f"it cannot be mounted ({mounted.line})", remedy)


def _offered(site: Site, tried: Tryout) -> str:
    """What showmount knows of it, as the rest of a sentence."""
    listed = tried.of("exports")
    if listed is None or not listed.ok:
        return ""
    rows = [line.split(None, 1) for line in listed.text.splitlines() if line.strip()]
    offered = {row[0]: row[1] if len(row) > 1 else "" for row in rows}
    if site.mount.export in offered:
        return f"; it offers it to {offered[site.mount.export] or 'nobody'}"
    return f"; what it exports is {', '.join(offered) or 'nothing'}"


def _root(site: Site, tried: Tryout) -> Iterator[Finding]:
    """Whether root of the host may do what vzdump does."""
    subject = f"root on {site.mount.export}"
    words = {"make": "make a directory", "write": "write a file", "rename": "rename it", "delete": "delete it"}
    refused = [(key, said) for key in words if (said := tried.of(key)) and not said.ok and key != tried.silent]
    for key, said in refused:
        full = "No space" in said.text or "quota" in said.text.lower()
        yield Finding(
            "root-writes",
            "trouble",
            subject,
            f"root of the host may not {words[key]} there ({_reason(said)})",
            "make room on the NAS" if full else f"set Squash to No mapping, and the privilege to Read/Write, {WHERE}",
        )
    if not refused and tried.ok("delete"):
        owner = (tried.said["written"].text.split() or ["0"])[-1] if tried.ok("written") else "0"
        whose = "" if owner == "0" else f"; what root writes belongs to user {owner} there"
        yield Finding("root-writes", "well", subject, f"root of the host may write, rename and delete there{whose}")


def _mapped(site: Site, tried: Tryout) -> Iterator[Finding]:
    """Whether root of an unprivileged container may write there, and who would need that."""
    said, subject = tried.of("mapped"), f"user {MAPPED} on {site.mount.export}"
    if said is None or tried.silent:
        return
    who = "root of an unprivileged container"
    if said.exit in (126, 127):
        remedy = "install util-linux on the host"
        yield Finding("mapped-writes", "unknown", subject, "the host has no setpriv to try it with", remedy)
        return
    if said.ok:
        yield Finding("mapped-writes", "well", subject, f"{who} may write, rename and delete there")
        return
    tiers = [(tier.job, tmpdir) for tier in site.tiers.values() if (tmpdir := site.tmpdir(tier))]
    refused = f"{who} may not write there ({_reason(said)})"
    for job in [job for job, tmpdir in tiers if f"{tmpdir}/".startswith(f"{site.mount.target}/")]:
        yield Finding(
            "mapped-writes",
            "trouble",
            subject,
            f"{refused}, and job {job} has its tmpdir there, so that the backup of each of its containers fails",
            "leave tmpdir of that tier out, or put it on the host: /var/tmp",
        )
    away = [f"{job} ({tmpdir})" for job, tmpdir in tiers if not f"{tmpdir}/".startswith(f"{site.mount.target}/")]
    does = f"tmpdir keeps what they stage on the host: {', '.join(away)}" if away else "no tier has a container"
    yield Finding("mapped-writes", "note", subject, f"{refused}; {does}")


def _clock(site: Site, tried: Tryout) -> Iterator[Finding]:
    """Whether a file written on the NAS bears the host's time, what the writing took left out."""
    if not all(tried.ok(key) for key in ("before", "written", "after")):
        return
    before, written, after = (int(tried.said[key].text.split()[0]) for key in ("before", "written", "after"))
    ahead = written - min(max(written, before - 1), after + 1)
    subject = f"clock of the NAS {site.nas.address}"
    if abs(ahead) > AGREE:
        said = (
            f"it is {abs(ahead)} s {'ahead of' if ahead > 0 else 'behind'} the host's, so ages of files there are wrong"
        )
        yield Finding("clock", "warning", subject, said, "let host and NAS ask the same time server")
    else:
        yield Finding("clock", "well", subject, "it agrees with the host's")


def _left(tried: Tryout) -> Iterator[Finding]:
    """What of the test mount could not be taken away."""
    left, kept = tried.of("left"), tried.of("kept")
    if left:
        places = f"{left.line}/nas {left.line}/app"
        lines = (f"umount -l {places}", f"rmdir {places} {left.line}")
        yield Finding("left-behind", "warning", left.line, "the test mount could not be taken away", "run there", lines)
    if kept:
        said = f"the empty directory {kept.line} of the test mount is left on it; the next preflight removes it"
        yield Finding("left-behind", "note", "NAS", said)
    if not left and not kept and tried.ok("mount"):
        yield Finding("left-behind", "well", "test mount", "it is unmounted, and nothing is left of it")


def _dsm(site: Site, seen: Preflight, tried: Tryout | None) -> Iterator[Finding]:
    """Whether DSM answers: this machine where it is configured, else the host, for information."""
    if seen.way.dsm:
        if seen.dsm is False:
            said = f"nothing answers this machine at {seen.way.dsm}"
            yield Finding("dsm", "trouble", "DSM", said, "correct homebackup:dsmUrl, or switch the NAS on")
        elif seen.dsm:
            yield Finding("dsm", "well", "DSM", f"it answers this machine at {seen.way.dsm}")
    elif tried and (said_ := tried.of("dsm")):
        does = "answers" if said_.ok else "does not answer"
        yield Finding("dsm", "note", "DSM", f"it {does} the host on port {DSM_PORT} of {site.nas.address}")


def _reason(said: Said) -> str:
    """What a command gave as its reason, without the names of what it was tried with."""
    return said.text.strip().splitlines()[-1].rpartition(": ")[2].strip() if said.text.strip() else said.line
