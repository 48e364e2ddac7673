"""The command, as a shell sees it."""

import os
import subprocess
import sys
from pathlib import Path

PLAIN = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
"""So that no line of help is broken, and no word of it coloured."""


def afterword(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "afterword", *arguments, **environment)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=PLAIN | environment, check=False, timeout=60)


def without(module: str) -> str:
    """A program that calls the command where `module` is not installed."""
    return f"import sys; sys.modules[{module!r}] = None; from afterword.__main__ import main; main()"


def test_help_names_what_there_is() -> None:
    told = afterword("--help")

    assert told.returncode == 0, told.stderr
    assert "worker" in told.stdout


def test_it_is_installed_under_its_name() -> None:
    command = Path(sys.executable).with_name("afterword")

    told = subprocess.run([command, "--version"], capture_output=True, text=True, env=PLAIN, check=False, timeout=60)

    assert (told.returncode, told.stdout.split()[0]) == (0, "afterword")


def test_help_of_the_worker_names_every_option_and_its_default() -> None:
    told = afterword("worker", "--help")

    assert told.returncode == 0, told.stderr
    for option in ("--app-dir", "--store", "--runners", "--concurrency", "--queues", "--drain"):
        assert option in told.stdout
    assert told.stdout.count("[default: (as the application)]") == 4
    assert "[default: (all)]" in told.stdout


def test_all_faults_are_told_at_once() -> None:
    told = afterword("worker", "main:app", "--concurrency", "0", "--drain=-1", AFTERWORD_KEEP="soon")

    assert told.returncode == 2
    assert told.stderr.startswith("These settings cannot be used: ")
    assert [fault.split()[0] for fault in told.stderr.removeprefix("These settings cannot be used: ").split("; ")] == [
        "concurrency=0",
        "drain=-1.0",
        "AFTERWORD_KEEP='soon'",
    ]


def test_without_typer_it_says_how_to_get_it() -> None:
    told = python("-c", without("typer"))

    assert told.returncode == 2
    assert told.stderr == 'To use the afterword command, install "afterword[standard]".\n'


def test_any_other_module_that_is_missing_is_not_hidden() -> None:
    told = python("-c", without("afterword.discovery"))

    assert told.returncode == 1
    assert "afterword.discovery" in told.stderr
    assert "standard" not in told.stderr
