"""A file system of another machine, as far as the kernel can tell: an empty folder, mounted as sshfs mounts one, and served by
a thread of this process."""

import ctypes
import errno
import os
import stat
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.disks import be_private

_LOOKUP, _FORGET, _GETATTR, _INIT, _INTERRUPT, _FORGET_MANY = 1, 2, 3, 26, 36, 42
_UNANSWERED = (_FORGET, _FORGET_MANY, _INTERRUPT)

_REQUEST = struct.Struct("<IIQQIIII")
_ANSWER = struct.Struct("<IiQ")
_INITIAL = struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, 0, 1, 1, 4096, 1, 0, 0, 0)
_FOLDER = struct.pack("<QII6Q10I", 1, 0, 0, 1, 4096, 8, 0, 0, 0, 0, 0, 0, stat.S_IFDIR | 0o777, 2, 0, 0, 0, 4096, 0)


@contextmanager
def sshfs(path: Path) -> Iterator[None]:
    """The test is skipped where none can be mounted."""
    be_private()
    path.mkdir()
    try:
        door = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"no FUSE here: {error}")
    options = f"fd={door},rootmode=40000,user_id=0,group_id=0,allow_other"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"host:/jobs", os.fsencode(path), b"fuse.sshfs", 0, options.encode()) != 0:
        os.close(door)
        pytest.skip(f"no FUSE can be mounted here: {os.strerror(ctypes.get_errno())}")
    serving = threading.Thread(target=_serve, args=(door,), daemon=True)
    serving.start()
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=False, capture_output=True)
        serving.join(5)
        os.close(door)


def _serve(door: int) -> None:
    while True:
        try:
            request = os.read(door, 1 << 16)
        except OSError:
            return  # It was unmounted.
        _, what, number, *_ = _REQUEST.unpack_from(request)
        if what not in _UNANSWERED:
            error, body = _answer(what)
            os.write(door, _ANSWER.pack(_ANSWER.size + len(body), -error, number) + body)


def _answer(what: int) -> tuple[int, bytes]:
    if what == _INIT:
        return 0, _INITIAL
    if what == _GETATTR:
        return 0, _FOLDER
    return errno.ENOENT if what == _LOOKUP else errno.ENOSYS, b""
