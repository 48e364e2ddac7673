"""Disks to be hurt: real ones, small, mounted for this process and its children alone. They go when it goes."""

import ctypes
import fcntl
import functools
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.processes import wait_until

_NEW_MOUNTS = 0x00020000
"""CLONE_NEWNS."""

_SHUTDOWN = 0x8004587D
"""FS_IOC_SHUTDOWN: what is not on the disk by now never gets there, and every call fails (EIO) until it is mounted anew."""
_AT_ONCE = 2

BALLAST = "ballast"


class Disk:
    """A file system of its own at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """Leave no byte."""
        descriptor = os.open(self.path / BALLAST, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    os.write(descriptor, b"x" * size)
            except OSError:
                continue
        os.close(descriptor)

    def make_room(self) -> None:
        (self.path / BALLAST).unlink()


class Ext4(Disk):
    """One that lies in a file, so that it can lose its power and be mounted again."""

    def __init__(self, image: Path, path: Path) -> None:
        super().__init__(path)
        self._image = image

    def mount(self) -> None:
        _run("mount", "-o", "loop,errors=remount-ro", str(self._image), str(self.path))

    def remount(self, how: str) -> None:
        """`ro` or `rw`; nobody may have it open for writing."""
        _run("mount", "-o", f"remount,{how}", str(self.path))

    def unmount(self) -> None:
        """Everybody must have left; the last of them may take a moment."""
        wait_until(self._unmounted, f"nobody to use {self.path}")

    def cut_the_power(self) -> None:
        """What was not fsync'd is gone, names of files included, and whoever goes on gets EIO."""
        descriptor = os.open(self.path, os.O_RDONLY)
        fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _AT_ONCE))
        os.close(descriptor)

    def become_read_only(self) -> None:
        """As ext4 does by itself when it finds itself damaged."""
        device = Path(_run("findmnt", "-no", "SOURCE", str(self.path)).strip()).name
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")

    def _unmounted(self) -> bool:
        return subprocess.run(["umount", str(self.path)], check=False, capture_output=True).returncode == 0


@functools.cache
def be_private() -> None:
    """From now on, what is mounted is seen by this thread and whatever it starts, and by nobody else."""
    if os.geteuid() != 0:
        pytest.skip("to mount a disk takes root")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS) != 0:
        pytest.skip(f"no mounts of its own can be had here: {os.strerror(ctypes.get_errno())}")
    _try("mount", "--make-rprivate", "/")


@contextmanager
def memory(path: Path, size: str) -> Iterator[Disk]:
    """A disk in memory. The test is skipped where none can be mounted."""
    be_private()
    path.mkdir()
    _try("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path))
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=False, capture_output=True)


@contextmanager
def ext4(path: Path, size: str = "64M") -> Iterator[Ext4]:
    """A disk in a file beside `path`. The test is skipped where none can be mounted."""
    be_private()
    path.mkdir()
    image = path.with_name(f"{path.name}.img")
    _try("truncate", "-s", size, str(image))
    _try("mkfs.ext4", "-q", str(image))
    disk = Ext4(image, path)
    try:
        disk.mount()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no ext4 can be mounted here: {error.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=False, capture_output=True)


def _try(*command: str) -> None:
    try:
        _run(*command)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"{command[0]} does not work here: {getattr(error, 'stderr', None) or error}")


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
