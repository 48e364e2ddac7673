"""Whether a directory lies on a disk of this machine: SQLite shares memory between its processes, which no network carries."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from afterword.errors import StoreUnavailable

_NETWORK = frozenset(
    (
        "9p",
        "acfs",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "fuse.ceph",
        "fuse.cephfs",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.sshfs",
        "gfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "panfs",
        "smb3",
        "smbfs",
    )
)

_MOUNTS = Path("/proc/self/mountinfo")


def type_of(directory: Path) -> str | None:
    """The type of the file system that holds `directory`, as the kernel names it; None where that cannot be told."""
    try:
        device = directory.stat().st_dev
        mounts = list(_mounts(_MOUNTS.read_text(errors="surrogateescape")))
    except OSError:
        return None
    name = f"{os.major(device)}:{os.minor(device)}"
    return next((type for mounted, type in reversed(mounts) if mounted == name), None)


def refuse_network(directory: Path, store: str, type_of: Callable[[Path], str | None] = type_of) -> None:
    """Raises StoreUnavailable when `directory` lies on another machine."""
    type = type_of(directory)
    if type in _NETWORK:
        raise StoreUnavailable(
            store=store,
            why=f"its directory is on a network file system ({type}), where the processes of several machines would destroy "
            f"each other's writes without noticing. Put the file on a local disk, or use PostgreSQL, which is made for several "
            f"machines",
        )


def _mounts(table: str) -> Iterator[tuple[str, str]]:
    """(device, type) of each line, such as `36 35 98:0 /root /mnt rw,noatime master:1 - ext4 /dev/sda rw`."""
    for line in table.splitlines():
        mount, _, source = line.partition(" - ")
        fields = mount.split()
        if len(fields) > 2 and source:
            yield fields[2], source.split()[0]
