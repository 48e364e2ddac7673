"""Workers with other constants, processes that stand still, and what can be seen of them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from afterword.clock import SECOND
from afterword.launch import Launch
from tests.support.processes import wait_until
from tests.system.site import Site

APP = "harmful:app"

SOON: Mapping[str, float] = {
    "afterword.stores.sqlite.claiming.LEASE": SECOND,
    "afterword.stores.sqlite.rescuing.GRACE": 2 * SECOND,
    "afterword.worker.heartbeat.PERIOD": 0.3,
}
"""A stopped worker's jobs are taken from it after three seconds, not after a minute."""


def work(site: Site, constants: Mapping[str, float], **launch: Any) -> tuple[subprocess.Popen[bytes], Path]:
    """A worker of the harmful application, started apart, and its log."""
    path = (str(site.folder), *(entry for entry in sys.path if entry))
    told = Launch(store=site.url, app=APP, path=path, **launch)
    return site.run("strange_worker.py", told.dump(), json.dumps(dict(constants)))


def stop(pid: int) -> None:
    """SIGSTOP, and wait until it stands still."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state(pid) == "T", f"the standing still of {pid}")


def go_on(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def state(pid: int) -> str:
    """The kernel's letter for it; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def holds_the_gate(pid: int, site: Site) -> bool:
    gate = (site.folder / "afterword.db.run" / "gate.lock").stat().st_ino
    locks = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    # A line with an arrow tells of somebody who waits.
    return any(lock[1] == "FLOCK" and lock[4] == str(pid) and lock[5].endswith(f":{gate}") for lock in locks)


def stop_in_write(pid: int, site: Site) -> None:
    """Stop it while it holds the gate: as often as it takes."""

    def caught() -> bool:
        stop(pid)
        if holds_the_gate(pid, site):
            return True
        go_on(pid)
        return False

    wait_until(caught, "its being stopped in the middle of a write")
