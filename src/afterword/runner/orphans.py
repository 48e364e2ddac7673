"""A runner never outlives its worker: else an old attempt could overlap its successor."""

import ctypes
import fcntl
import os
import signal
import sys
from pathlib import Path

from afterword import locks

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends; end at once if it has ended already.

    Linux only. Elsewhere the end of the channel has the same effect, as soon as the loop sees it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def hold(life: str) -> int:
    """Lock a byte of the worker's lock file, for as long as this process exists.

    The kernel frees a dead worker's own lock a moment before it kills the runners. This lock closes the gap: nobody takes
    the worker for dead while a runner of it is left. Returns the descriptor, which must stay open.
    """
    locks.remember(Path(life))
    descriptor = os.open(life, os.O_RDWR | os.O_CLOEXEC)
    fcntl.lockf(descriptor, fcntl.LOCK_EX, 1, os.getpid())
    return descriptor
