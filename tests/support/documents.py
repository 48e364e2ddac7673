"""What stands in a document to be copied, and doing so."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.support.processes import wait_until

PATH = {"PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin", "HOME": "/nowhere"}


class Block(NamedTuple):
    language: str
    text: str


def blocks(text: str) -> list[Block]:
    """All there are, in their order."""
    return [Block(*found) for found in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)]


def python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100)


def dialogue(text: str) -> list[tuple[str, str]]:
    """The commands, and what stands below each."""
    commands: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], ""))
        else:
            commands[-1] = (commands[-1][0], f"{commands[-1][1]}{line}\n")
    return commands


def expect(command: str, answer: str, folder: Path) -> None:
    """It succeeds, and says what is promised where something is; what a task does may take a moment."""
    said = ""

    def as_promised() -> bool:
        nonlocal said
        ran = subprocess.run(
            ["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=60, env=PATH
        )
        said = ran.stdout + ran.stderr
        return ran.returncode == 0 and (not answer or ran.stdout.strip() == answer.strip())

    if shutil.which("curl") is None:
        command = re.sub("^curl -X POST (.*)", r"python -c 'import httpx; print(httpx.post(\"\1\").text)'", command)
    if command.startswith("cat"):
        wait_until(as_promised, command)
    else:
        assert as_promised(), said
