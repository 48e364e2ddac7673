"""How a process ended, in words, from processes that really end so."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from afterword.worker import exits
from tests.support.processes import wait_until

ENDINGS = {
    "import os; os._exit(3)": "exited with 3",
    "pass": "exited with 0",
    "import ctypes; ctypes.string_at(0)": "segmentation fault",
    "import os; os.abort()": "aborted",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": "killed by SIGKILL: out of memory, or by somebody",
    "import os, signal; os.kill(os.getpid(), signal.SIGTERM)": "terminated by a signal",
    "import os, signal; os.kill(os.getpid(), signal.SIGUSR1)": "ended by SIGUSR1",
    "import os, signal; os.kill(os.getpid(), signal.SIGRTMIN + 1)": f"ended by signal {signal.SIGRTMIN + 1}",
}


@pytest.mark.process
@pytest.mark.parametrize("code", ENDINGS)
async def test_an_exit_is_noticed_and_said_in_words(code: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", code])
    async with asyncio.timeout(30):
        await exits.gone(process)
    assert exits.cause(process.returncode) == ENDINGS[code]


@pytest.mark.process
async def test_an_exit_that_is_known_already_is_not_waited_for() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    async with asyncio.timeout(30):
        await exits.gone(process)


@pytest.mark.process
def test_a_child_that_was_stopped_is_told_from_one_that_runs_and_one_that_is_gone() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    assert not exits.stopped(process)
    os.kill(process.pid, signal.SIGSTOP)
    wait_until(lambda: exits.stopped(process), "its standing still")
    assert exits.stopped(process)  # To ask has changed nothing.
    os.kill(process.pid, signal.SIGCONT)
    wait_until(lambda: not exits.stopped(process), "its going on")
    process.kill()
    process.wait()
    assert not exits.stopped(process)
