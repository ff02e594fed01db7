"""Whether all that tells of Home Assistant's automatic backups agrees, and which of it does not."""

from collections.abc import Iterator, Sequence

from homebackup.assess.verdict import State, ago
from homebackup.model.backups.facts import AppFile
from homebackup.model.backups.home_assistant import HomeAssistantFacts
from homebackup.model.site.home_assistant import HomeAssistant

NEAR = 900
"""Seconds between the start of an attempt and the time in its backup, at most."""
APART = 26 * 3600
"""Seconds between a backup and the time of its file: a copy is later, and clocks and zones differ."""
Told = tuple[State, str, str]


def files(seen: HomeAssistantFacts) -> tuple[AppFile, ...]:
    """Its automatic backups as files; each as small as the smallest of its copies."""
    made = (backup for backup in seen.backups if backup.automatic)
    return tuple(
        AppFile(backup.name, min(backup.sizes.values(), default=0), backup.written)
        for backup in made
        if not seen.agents or seen.agents & backup.sizes.keys()
    )


def trouble(
    declared: HomeAssistant, seen: HomeAssistantFacts, on_nas: Sequence[AppFile] | None, now: float
) -> Told | None:
    """The first that does not agree, None when all does; `on_nas` are the files there, where somebody looked."""
    return next((told for part in (_settings, _places, _attempts) for told in part(declared, seen, now)), None) or (
        _files(seen, on_nas)
    )


def _settings(declared: HomeAssistant, seen: HomeAssistantFacts, now: float) -> Iterator[Told]:
    set_up = "set them up with pulumi up, or in its settings under Backups"
    if not seen.agents or not seen.scheduled:
        yield "UNPROTECTED", "its settings make no automatic backup", set_up
    if missing := sorted(set(declared.places) - seen.agents):
        yield "UNPROTECTED", f"its settings send no backup to {', '.join(missing)}", set_up


def _places(declared: HomeAssistant, seen: HomeAssistantFacts, now: float) -> Iterator[Told]:
    for agent in sorted(seen.agents):
        state = seen.mounts.get(agent, "active")
        if state != "active":
            remedy = "see that the NAS is on, then run pulumi up, which mounts it again"
            yield "FAILED", f"its network storage {agent.removeprefix('hassio.')} is {state}", remedy
        if agent not in seen.offered:
            yield "FAILED", f"{agent}, where its backups go, is not there", "see its network storage"
        if agent in seen.errors:
            yield "FAILED", f"{agent} could not be asked: {seen.errors[agent]}", "see its log"


def _attempts(declared: HomeAssistant, seen: HomeAssistantFacts, now: float) -> Iterator[Told]:
    again = "see its log, and make one: homebackup app run home-assistant"
    if seen.attempted is None:
        yield "STALE", "it has not made an automatic backup yet", "make one: homebackup app run home-assistant"
        return
    done = seen.completed is not None and seen.completed >= seen.attempted
    if not done and not seen.busy:
        last = "none ever succeeded" if seen.completed is None else f"the last success was {ago(now - seen.completed)}"
        yield "FAILED", f"its last attempt, {ago(now - seen.attempted)}, failed; {last}", again
    made = [backup for backup in seen.backups if backup.automatic]
    for agent in sorted(seen.agents):
        if made and agent in made[-1].failed:
            yield "FAILED", f"its newest backup did not get to {agent}", again
        there = [backup.written for backup in made if agent in backup.sizes]
        if done and seen.attempted > max(there, default=0) + NEAR:
            newest = f"the newest backup at {agent} is of {ago(now - max(there))}" if there else f"{agent} has none"
            said = f"its last attempt, {ago(now - seen.attempted)}, succeeded, but {newest}"
            yield "BROKEN", said, "see whether somebody deletes them there"


def _files(seen: HomeAssistantFacts, on_nas: Sequence[AppFile] | None) -> Told | None:
    """Whether the newest file is the newest backup: the time in a file's name and its own may differ."""
    listed = files(seen)
    if on_nas is None or not listed:
        return None
    found = max((file.written for file in on_nas), default=None)
    if found is not None and abs(found - listed[-1].written) <= APART:
        return None
    there = "no such file" if found is None else "another newest file"
    said = f"its list ends with {listed[-1].name}, but on the NAS there is {there}"
    return "BROKEN", said, "see that its network storage is this directory of the NAS"
