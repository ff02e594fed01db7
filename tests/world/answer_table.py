"""The answers of Proxmox VE that matter, each with the error that it must become."""

from typing import NamedTuple

from homebackup.world import errors
from tests.world.play import Play

JOB = "/cluster/backup/nightly"
PARAMETERS = "Parameter verification failed."


class Row(NamedTuple):
    name: str
    method: str
    path: str
    play: Play
    error: type[errors.Trouble]
    part: str


TABLE = [
    Row(
        "storage missing",
        "GET",
        "/storage/nas",
        Play(status=500, message="storage 'nas' does not exist\n"),
        errors.Missing,
        "storage nas: Proxmox VE on 127.0.0.1 says: storage 'nas' does not exist",
    ),
    Row(
        "storage missing on update",
        "PUT",
        "/storage/nas",
        Play(status=500, message="update storage failed: storage 'nas' does not exist\n"),
        errors.Missing,
        "nas",
    ),
    Row(
        "job missing on read",
        "GET",
        JOB,
        Play(status=400, message=PARAMETERS, errors={"id": "No such job 'nightly'"}),
        errors.Missing,
        "vzdump job nightly",
    ),
    Row("job missing on update", "PUT", JOB, Play(status=500, message="no such vzdump job\n"), errors.Missing, "night"),
    Row(
        "job missing on delete",
        "DELETE",
        JOB,
        Play(status=500, message=f"400 {PARAMETERS}\nid: No such job 'nightly'\n"),
        errors.Missing,
        "No such job",
    ),
    Row(
        "status of a missing storage",
        "GET",
        "/nodes/pve/storage/nas/status",
        Play(status=400, message=PARAMETERS, errors={"storage": "No such storage."}),
        errors.Missing,
        "storage nas",
    ),
    Row(
        "no such guest",
        "GET",
        "/nodes/pve/qemu/999/config",
        Play(status=500, message="Configuration file 'nodes/pve/qemu-server/999.conf' does not exist\n"),
        errors.Missing,
        "guest 999",
    ),
    Row(
        "no such guest on delete",
        "DELETE",
        "/nodes/pve/lxc/999",
        Play(status=500, message="Configuration file 'nodes/pve/lxc/999.conf' does not exist\n"),
        errors.Missing,
        "guest 999",
    ),
    Row(
        "no such archive",
        "GET",
        "/nodes/pve/storage/local/content/local:backup/x.vma",
        Play(status=500, message="volume_size_info on 'local:backup/x.vma' failed - no format\n"),
        errors.Missing,
        "x.vma",
    ),
    Row(
        "something else is missing",
        "POST",
        "/nodes/pve/lxc",
        Play(status=500, message="storage 'nope' does not exist\n"),
        errors.Refused,
        "nope",
    ),
    Row(
        "a directory is missing",
        "POST",
        "/storage",
        Play(
            status=500,
            message="create storage failed: unable to activate storage 'nas' - directory '/mnt/nas' does "
            "not exist or is unreachable\n",
        ),
        errors.Refused,
        "unreachable",
    ),
    Row(
        "bad parameters",
        "POST",
        "/cluster/backup",
        Play(status=400, message=PARAMETERS, errors={"mode": "value 'x' is bad", "zstd": "type check failed"}),
        errors.Refused,
        "mode: value 'x' is bad; zstd: type check failed",
    ),
    Row(
        "bad parameters found under a lock",
        "PUT",
        JOB,
        Play(status=500, message=f"400 {PARAMETERS}\nall: option conflicts with option 'vmid'\n"),
        errors.Refused,
        "all: option conflicts with option 'vmid'",
    ),
    Row(
        "already there",
        "POST",
        "/storage",
        Play(status=500, message="create storage failed: storage ID 'nas' already defined\n"),
        errors.Refused,
        "already",
    ),
    Row(
        "not online",
        "POST",
        "/storage",
        Play(status=500, message="create storage failed: storage 'nas' is not online\n"),
        errors.Refused,
        "not online",
    ),
    Row(
        "root only",
        "POST",
        "/cluster/backup",
        Play(status=400, message=PARAMETERS, errors={"tmpdir": "Only root may set this option."}),
        errors.Refused,
        "/etc/vzdump.conf",
    ),
    Row(
        "bricked job file",
        "POST",
        "/cluster/backup",
        Play(status=500, message="unknown section type ''\n"),
        errors.Refused,
        "/etc/pve/jobs.cfg is invalid",
    ),
    Row(
        "denied",
        "GET",
        "/cluster/backup",
        Play(status=403, message="Permission check failed (/, Sys.Audit)\n"),
        errors.Denied,
        "grant Sys.Audit on /",
    ),
    Row(
        "denied under a lock",
        "PUT",
        JOB,
        Play(status=500, message="403 Permission check failed (/storage/local, Datastore.Allocate)\n"),
        errors.Denied,
        "grant Datastore.Allocate on /storage/local",
    ),
    Row(
        "any of two privileges",
        "GET",
        "/nodes/pve/storage/local/content",
        Play(status=403, message="Permission check failed (/storage/local, Datastore.Audit|Datastore.AllocateSpace)\n"),
        errors.Denied,
        "grant Datastore.Audit or Datastore.AllocateSpace on",
    ),
    Row(
        "denied without a path",
        "GET",
        "/cluster/backup-info",
        Play(status=403, message="Permission check failed (user != root@pam)\n"),
        errors.Denied,
        "root@pam",
    ),
    Row(
        "changed meanwhile",
        "PUT",
        "/storage/nas",
        Play(
            status=500,
            message="update storage failed: detected modified configuration - file changed by other user? Try again.\n",
        ),
        errors.Changed,
        "nothing was overwritten",
    ),
    Row(
        "digest of a guest",
        "PUT",
        "/nodes/pve/qemu/101/config",
        Play(status=500, message="checksum mismatch (file change by other user?)\n"),
        errors.Changed,
        "guest 101",
    ),
    Row(
        "lock held",
        "PUT",
        JOB,
        Play(status=500, message="cfs-lock 'file-jobs_cfg' error: got lock request timeout\n"),
        errors.Busy,
        "cfs-lock",
    ),
    Row(
        "other lock",
        "DELETE",
        "/nodes/pve/qemu/100",
        Play(status=500, message="VM is locked (backup)\n"),
        errors.Busy,
        "locked",
    ),
    Row(
        "unknown node",
        "GET",
        "/nodes/other/qemu",
        Play(status=500, message="hostname lookup 'other' failed - failed to get address info for: other: x\n"),
        errors.Unreachable,
        "name of the node",
    ),
]
