"""How a child process ended: noticed within milliseconds, said in words."""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable

_SIGNALS = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGBUS: "bus error",
    signal.SIGABRT: "aborted",
    signal.SIGILL: "illegal instruction",
    signal.SIGFPE: "arithmetic error",
    signal.SIGKILL: "killed by SIGKILL: out of memory, or by somebody",
    signal.SIGTERM: "terminated by a signal",
}


def watch(process: subprocess.Popen[bytes], ended: Callable[[], None]) -> None:
    """Call `ended` on the running loop when `process` is gone and reaped."""
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # Another system than Linux, or no descriptor to be had: then a thread waits.
        threading.Thread(target=_wait, args=(process, loop, ended), daemon=True).start()
        return

    def readable() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        process.wait()
        ended()

    loop.add_reader(descriptor, readable)


async def gone(process: subprocess.Popen[bytes]) -> None:
    """Until `process` is gone and reaped."""
    if process.poll() is not None:
        return
    done = asyncio.Event()
    watch(process, done.set)
    await done.wait()


def stopped(process: subprocess.Popen[bytes]) -> bool:
    """Whether a child of ours stands still by a signal (SIGSTOP). The kernel tells it to parents; a debugger does not count."""
    try:
        return os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None
    except (AttributeError, ChildProcessError):  # A system that cannot tell, or a child that is gone.
        return False


def cause(returncode: int) -> str:
    """Why a process ended, from the `returncode` of `subprocess`."""
    if returncode >= 0:
        return f"exited with {returncode}"
    try:
        number = signal.Signals(-returncode)
    except ValueError:
        return f"ended by signal {-returncode}"
    return _SIGNALS.get(number, f"ended by {number.name}")


def _wait(process: subprocess.Popen[bytes], loop: asyncio.AbstractEventLoop, ended: Callable[[], None]) -> None:
    process.wait()
    try:
        loop.call_soon_threadsafe(ended)
    except RuntimeError:
        return  # The loop is closed: nobody is left to be told.
