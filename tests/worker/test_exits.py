"""How a process ended, in words, from processes that really end so."""

import asyncio
import signal
import subprocess
import sys

import pytest

from afterword.worker import exits

ENDINGS = {
    "import os; os._exit(3)": "exited with 3",
    "pass": "exited with 0",
    "import ctypes; ctypes.string_at(0)": "segmentation fault",
    "import os; os.abort()": "aborted",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)": "killed, probably out of memory",
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
