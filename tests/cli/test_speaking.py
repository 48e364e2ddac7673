"""Where the command speaks to nobody, or to somebody who cannot read all of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from afterword.stores.sqlite.store import SqliteStore
from afterword.testing.contract.bench import add, job

pytestmark = pytest.mark.process

WELL = "from fastapi import FastAPI\nfrom afterword import Afterword\napp = FastAPI()\nAfterword(app)\n"

PLAIN = {name: value for name, value in os.environ.items() if not name.startswith(("AFTERWORD_", "PYTHONUTF8", "LC_", "LANG"))}
PLAIN |= {"NO_COLOR": "1", "TERM": "dumb"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a store that holds a job whose task no ASCII names."""
    store = SqliteStore(tmp_path / "afterword.db")
    add(store, job(task="main:grüße"))
    store.close()
    (tmp_path / "main.py").write_text(WELL)
    return tmp_path


def shell(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`afterword` stands for the command."""
    function = f'set -o pipefail; afterword() {{ "{sys.executable}" -m afterword "$@"; }}; {script}'
    env = PLAIN | environment
    return subprocess.run(
        ["bash", "-c", function], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("command", ["jobs list", "jobs list --json", "doctor", "worker", "--version"])
def test_without_an_output_it_says_so(folder: Path, command: str) -> None:
    told = shell(folder, f"afterword {command} >&-")
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == "The standard output is closed: lead it somewhere, for example to /dev/null.\n"


def test_without_any_it_ends_all_the_same(folder: Path) -> None:
    assert shell(folder, "afterword jobs list >&- 2>&-").returncode == 2
    told = shell(folder, "afterword jobs show 99999999 2>&-")
    assert (told.returncode, told.stdout, told.stderr) == (1, "", "")


@pytest.mark.parametrize("command", ["jobs list", "jobs list --json", "doctor", "doctor --json", "--help"])
def test_when_nobody_reads_it_ends_as_all_programs_do(folder: Path, command: str) -> None:
    """And not with 1, which says something of the jobs or of the application."""
    read, write = os.pipe()
    os.close(read)
    try:
        told = subprocess.run(
            [sys.executable, "-m", "afterword", *command.split()],
            cwd=folder,
            env=PLAIN,
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
    finally:
        os.close(write)
    assert (told.returncode, told.stderr) == (141, "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_an_encoding_cannot_say_is_spelt_out(folder: Path, encoding: str) -> None:
    told = shell(folder, "afterword jobs list | iconv -f latin1 -t utf8", PYTHONIOENCODING=encoding)
    assert (told.returncode, told.stderr) == (0, "")
    assert ("main:gr\\xfc\\xdfe" if encoding == "ascii" else "main:grüße") in told.stdout
    doctor = shell(folder, "afterword doctor", PYTHONIOENCODING="ascii")
    assert (doctor.returncode, doctor.stderr) == (0, "")
    assert "\\u2713 The store at" in doctor.stdout
