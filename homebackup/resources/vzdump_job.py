"""A vzdump job: which guests Proxmox VE backs up, when, where to, and how many archives stay."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from homebackup.model.declare import aside, https_only, key, resource, root_only, written
from homebackup.model.kinds import (
    AbsolutePath,
    Flag,
    JobId,
    Lines,
    NodeName,
    PoolId,
    Schedule,
    StorageId,
    Text,
    Vmids,
    Whole,
    at_least,
    at_most_long,
)
from homebackup.model.options import Addresses, Compression, Fleecing, NotesTemplate, Performance, Retention
from homebackup.model.spelling import Absent, Wire
from homebackup.resources._section import Needs, Section


@resource
class VzdumpJob(Section):
    """A scheduled backup of guests. Deleting the job deletes no archive.

    What the program does not mention is not set in Proxmox VE either, so the node's `/etc/vzdump.conf` and Proxmox VE's
    defaults decide it; somebody setting it by hand is drift.
    """

    noun: ClassVar[str] = "vzdump job"
    api: ClassVar[str] = "/cluster/backup"

    job: Annotated[JobId, key, Wire("id")]
    """Name of the job in Proxmox VE."""
    schedule: Annotated[Schedule, written]
    """When it runs, as a calendar event of Proxmox VE in the node's time zone."""
    enabled: Annotated[Flag, Absent(True), written] = True
    """Run on schedule; a disabled job protects nobody."""
    vmid: Vmids | None = None
    """Guests to back up. One of vmid, all and pool chooses the guests."""
    all: Annotated[Flag, Absent(False)] = False
    """Back up every guest of the node or cluster, those in `exclude` left out."""
    exclude: Vmids | None = None
    """Guests that `all` leaves out."""
    pool: PoolId | None = None
    """Back up the guests of this pool."""
    node: NodeName | None = None
    """Run on this node only."""
    storage: StorageId | None = None
    """Storage the archives go to; Proxmox VE's own default is local."""
    mode: Literal["snapshot", "suspend", "stop"] | None = None
    """How a running guest is held still; snapshot unless the node says otherwise."""
    compress: Compression | None = None
    """Compression of the archives; none unless the node says otherwise."""
    prune_backups: Retention | None = None
    """How many archives of a guest survive the prune after its backup; the storage's retention when not given."""
    remove: Flag | None = None
    """Prune after each backup; Proxmox VE does unless this is false."""
    protected: Annotated[Flag | None, Needs("storage")] = None
    """Mark new archives as protected, so that no prune removes them."""
    notes_template: Annotated[NotesTemplate | None, Needs("storage")] = None
    """Notes of new archives."""
    comment: Annotated[Text, at_most_long(512)] | None = None
    """What the job is for."""
    repeat_missed: Flag | None = None
    """Run a missed job as soon as the node is up again."""
    tmpdir: Annotated[AbsolutePath | None, root_only] = None
    """Directory for temporary files; on NFS the backup of an unprivileged container fails without a local one."""
    dumpdir: Annotated[AbsolutePath | None, root_only] = None
    """Write to this directory instead of a storage."""
    script: Annotated[AbsolutePath | None, root_only] = None
    """Hook script to call."""
    exclude_path: Lines | None = None
    """Shell patterns of files that container backups leave out."""
    stdexcludes: Flag | None = None
    """Leave temporary files and logs out of container backups; Proxmox VE does unless this is false."""
    bwlimit: Annotated[Whole, at_least(0)] | None = None
    """Limit of the transfer in KiB/s; 0 is none."""
    ionice: Annotated[Whole, at_least(0, 8)] | None = None
    """I/O priority, 0 the highest to 7 the lowest, 8 for idle."""
    lockwait: Annotated[Whole, at_least(0)] | None = None
    """Minutes to wait for another vzdump on the node."""
    stopwait: Annotated[Whole, at_least(0)] | None = None
    """Minutes to wait for a guest to stop."""
    pigz: Whole | None = None
    """Threads of gzip; 0 is plain gzip, 1 half the cores."""
    zstd: Whole | None = None
    """Threads of zstd; 0 is half the cores."""
    fleecing: Fleecing | None = None
    """Write what a running guest overwrites during its backup to another storage."""
    performance: Performance | None = None
    """Limits on how hard the backup works."""
    pbs_change_detection_mode: Literal["legacy", "data", "metadata"] | None = None
    """How container backups to a Proxmox Backup Server find what changed."""
    mailto: Addresses | None = None
    """Mail addresses or user names to notify."""
    mailnotification: Literal["always", "failure"] | None = None
    """When to mail, in the older notification mode."""
    notification_mode: Literal["auto", "legacy-sendmail", "notification-system"] | None = None
    """Whether mailto or the notification system of Proxmox VE is used."""
    notification_policy: Literal["always", "failure", "never"] | None = None
    """Deprecated by Proxmox VE; use its notification matchers."""
    notification_target: JobId | None = None
    """Deprecated by Proxmox VE; use its notification matchers."""
    quiet: Annotated[Flag | None, https_only] = None
    """Log less. Only the API over https can set it, pvesh takes the word for an option of its own."""
    stop: Flag | None = None
    """Stop running backup jobs on the node instead of backing up."""

    acknowledge: Annotated[Lines | None, aside] = None
    """Jobs that may lose archives or guests by a change; another one is refused a change that takes them away."""
    elsewhere: Annotated[Vmids | None, aside] = None
    """Guests that other jobs of the same program back up, so that one that moves to them does not lose its cover."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Choices that exclude each other, in the words of the option that is one too many."""
        chosen = [name for name in ("vmid", "all", "pool") if getattr(self, name)]
        if not chosen:
            yield "vmid", "is required, unless all or pool chooses the guests; a job without guests protects nobody"
        for name in chosen[1:]:
            yield name, f"excludes {chosen[0]}; one of vmid, all and pool chooses the guests"
        if self.exclude and not self.all:
            yield "exclude", "only means something together with all: true"
        if self.storage and self.dumpdir:
            yield "dumpdir", "excludes storage"
        for name in ("protected", "notes_template"):
            if getattr(self, name) is not None and not self.storage:
                yield name, "needs storage beside it"

    def doubtful(self) -> Iterator[tuple[str, str]]:
        """Notification settings without effect, and what to use instead.

        Mode `auto` uses Proxmox VE's notification system unless there is a `mailto`.
        """
        mode = self.notification_mode or "auto"
        system = mode == "notification-system" or (mode == "auto" and not self.mailto)
        if self.mailnotification and system:
            how = "in mode auto without mailto" if mode == "auto" else f"in mode {mode}"
            instead = "set mailto, or choose in a notification matcher of Proxmox VE which severities are sent"
            yield f"mailnotification {self.mailnotification} is ignored {how}", instead
        if self.mailto and mode == "notification-system":
            instead = "use mode legacy-sendmail, or a target of Proxmox VE"
            yield "mailto is ignored in mode notification-system", instead
        if mode == "legacy-sendmail" and not self.mailto:
            yield "mode legacy-sendmail without mailto tells nobody", "set mailto"
        for option in ("notification_policy", "notification_target"):
            if getattr(self, option):
                yield f"{option.replace('_', '-')} is deprecated and ignored", "use a matcher instead"
