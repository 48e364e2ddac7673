"""A real uvicorn, as a process."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from afterword.demo.failure import DemoFailed, wait_until
from afterword.demo.processes import living_in, sweep

LAST = 30
"""Lines of a server's log that are shown when it failed."""


@dataclass(frozen=True, slots=True)
class Server:
    pid: int
    address: str


@contextmanager
def uvicorn(folder: Path, application: str, environment: Mapping[str, str]) -> Iterator[Server]:
    """Serves the application in `folder` on a free port; at the end nothing is left of it. Raises DemoFailed."""
    log = folder / "uvicorn.log"
    command = [sys.executable, "-m", "uvicorn", f"{application}:app", "--port", "0", "--no-access-log"]
    with log.open("w") as output:
        # In a session of its own, so that Ctrl-C reaches the demo alone, which then ends it.
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "Uvicorn running on" in log.read_text() or process.poll() is not None, "uvicorn")
        found = re.search(r"http://[\d.]+:\d+", log.read_text())
        if not found:
            raise DemoFailed(why="uvicorn did not start.")
        yield Server(process.pid, found.group())
        process.send_signal(signal.SIGTERM)  # Nothing, where it was killed.
        wait_until(lambda: process.poll() is not None and not living_in(folder), "uvicorn's end")
    except DemoFailed as failure:
        raise DemoFailed(why=f"{failure.facts['why']} The server's last words:\n{last_words(log)}") from None
    finally:
        sweep(folder)
        process.wait()


def last_words(log: Path) -> str:
    """The end of a log."""
    return "\n".join(log.read_text().splitlines()[-LAST:])


def environment(mail_port: int) -> dict[str, str]:
    """In which the application runs: none of the user's own settings, and the mail server at this port."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORD_")}
    if "PYTHONPATH" in ours:  # It may be relative to where the demo was started.
        ours["PYTHONPATH"] = os.pathsep.join(str(Path(entry).absolute()) for entry in ours["PYTHONPATH"].split(os.pathsep))
    return ours | {
        "AFTERWORD_STORE": "sqlite:///afterword.db",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(mail_port),
        # smtplib looks this machine's own name up, which must not take long where no name server answers.
        "RES_OPTIONS": "timeout:1 attempts:1",
    }
