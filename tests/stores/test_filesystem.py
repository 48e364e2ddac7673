"""What file system a directory lies on."""

import subprocess
from pathlib import Path

import pytest

from afterword.errors import StoreUnavailable
from afterword.stores.sqlite import filesystem
from afterword.stores.sqlite.filesystem import refuse_network, type_of


def test_the_kernel_is_asked(tmp_path: Path) -> None:
    said = subprocess.run(["stat", "--file-system", "--format=%T", tmp_path], capture_output=True, text=True, check=True)
    found = type_of(tmp_path)
    assert found is not None
    assert said.stdout.strip().split("/")[0][:3] == found[:3]  # `stat` says ext2/ext3 for ext4.


def test_what_is_not_there_has_no_type(tmp_path: Path) -> None:
    assert type_of(tmp_path / "nowhere") is None


def test_a_mount_is_found_by_its_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = tmp_path.stat().st_dev
    table = tmp_path / "mountinfo"
    table.write_text(
        "21 1 999:1 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        "a line that makes no sense\n"
        f"36 21 {device >> 8 & 0xFFF}:{device & 0xFF} / /mnt rw - nfs4 server:/export rw,vers=4.2\n"
    )
    monkeypatch.setattr(filesystem, "_MOUNTS", table)
    assert type_of(tmp_path) == "nfs4"


@pytest.mark.parametrize("type", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "fuse.glusterfs", "lustre"])
def test_networks_are_refused(tmp_path: Path, type: str) -> None:
    with pytest.raises(StoreUnavailable, match="use PostgreSQL, which is made for several machines"):
        refuse_network(tmp_path, "jobs.db", lambda directory: type)


@pytest.mark.parametrize("type", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "zfs", "apfs", None])
def test_disks_are_not(tmp_path: Path, type: str | None) -> None:
    refuse_network(tmp_path, "jobs.db", lambda directory: type)
