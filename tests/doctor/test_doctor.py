"""The command, as a shell sees it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from afterword.cli.doctor import closing, doctor, examine, show
from afterword.doctor.finding import Finding, Level
from afterword.stores.sqlite.store import SqliteStore
from afterword.testing.contract.bench import PATIENCE, add, job

HEAD = "from fastapi import FastAPI\nfrom afterword import Afterword, BackgroundTasks, task\napp = FastAPI()\n"

WELL = HEAD + "Afterword(app)\n@task\ndef send(number: int): ...\n"


class Told:
    """What the command answered."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    def findings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.out)
        return found

    def of(self, level: str) -> list[str]:
        return [finding["what"] for finding in self.findings() if finding["level"] == level]


def ask(folder: Path, *arguments: str, **environment: str) -> Told:
    command = [sys.executable, "-m", "afterword", "doctor", *arguments]
    env = {**os.environ, "NO_COLOR": "1", **environment}
    return Told(subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=90, env=env))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "afterword.db")
    store.open()
    yield store
    store.close()


# The words


def test_the_closing_line() -> None:
    note, warning, fault = (Finding(level, "x") for level in (Level.NOTE, Level.WARNING, Level.FAULT))
    assert closing([note]) == "No faults and no warnings."
    assert closing([note, warning]) == "1 warning."
    assert closing([fault, warning, warning]) == "1 fault and 2 warnings."
    assert closing([fault, fault]) == "2 faults."


def test_each_finding_has_its_mark_and_its_mend(capsys: pytest.CaptureFixture[str]) -> None:
    show(
        [
            Finding(Level.FINE, "a"),
            Finding(Level.NOTE, "b"),
            Finding(Level.WARNING, "c", "do"),
            Finding(Level.FAULT, "d\x1b[31m"),
        ]
    )
    assert capsys.readouterr().out == "✓ a\n· b\n! c\n  → do\n✗ d\\x1b[31m\n\n1 fault and 1 warning.\n"


# The command


@pytest.mark.process
def test_a_new_application_that_is_well(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(WELL)
    told = ask(tmp_path)
    assert told.code == 0, told.err
    assert f"✓ The application main:app is found in {tmp_path}, and has an Afterword.\n" in told.out
    assert "✓ A runner finds 1 task of the application again.\n" in told.out
    assert told.out.endswith("\n\nNo faults and no warnings.\n")
    assert {path.name for path in tmp_path.iterdir()} <= {"main.py", "__pycache__"}


@pytest.mark.process
def test_whatever_the_application_prints_does_not_disturb(tmp_path: Path) -> None:
    noise = (
        "import atexit, os, threading, time\nprint('a word')\nos.system('echo another')\n"
        "atexit.register(print, 'at the end')\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
    )
    (tmp_path / "main.py").write_text(noise + WELL)
    told = ask(tmp_path, "--json")
    assert told.code == 0, told.err
    assert told.of("fault") == told.of("warning") == []
    assert "a word" in told.err and "another" in told.err


@pytest.mark.process
def test_faults_end_it_with_one(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        WELL + "@app.get('/')\ndef get(tasks: BackgroundTasks):\n    tasks.add_task(print, 'x')\n"
    )
    told = ask(tmp_path, "main.py")
    assert told.code == 1
    assert (
        "✗ add_task will refuse this in main.py, line 9: The built-in print cannot run in another process: it is none of the"
        " application's own.\n  → Call it in a function of your own.\n"
    ) in told.out
    assert told.out.endswith("\n\n1 fault.\n")


@pytest.mark.process
def test_without_an_application_the_rest_is_looked_at(tmp_path: Path, store: SqliteStore) -> None:
    told = ask(tmp_path, "--json")
    assert told.code == 1
    assert told.of("fault") == [
        f"The application cannot be found: there is none of main.py, app.py, api.py, app/main.py, app/app.py, app/api.py in"
        f" {tmp_path}."
    ]
    assert f"The store at {tmp_path}/afterword.db is sound." in told.of("fine")


@pytest.mark.process
@pytest.mark.parametrize(
    ("deed", "how"),
    [("os._exit(7)", "ended with exit code 7"), ("os.kill(os.getpid(), 9)", "was killed by SIGKILL")],
)
def test_an_import_that_kills_is_a_finding_and_the_rest_is_looked_at(tmp_path: Path, deed: str, how: str) -> None:
    (tmp_path / "main.py").write_text(f"import os\n{deed}\n{HEAD}")
    told = ask(tmp_path, "main:app", "--json")
    assert told.code == 1
    assert told.findings()[0] == {
        "level": "fault",
        "what": f"The process that imports the application {how}, and has said nothing.",
        "mend": "Import its module by hand and see what it does: every runner imports it too.",
    }
    assert any(what.startswith("SQLite is ") for what in told.of("fine"))


@pytest.mark.process
def test_an_import_that_does_not_end(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("import time\ntime.sleep(600)\napp = 1\n")
    first, *rest = examine("main:app", tmp_path, f"sqlite:///{tmp_path}/afterword.db", 5.0)
    assert first.what == "The process that imports the application took longer than 5 s, and has said nothing."
    assert rest


@pytest.mark.process
def test_jobs_and_workers(tmp_path: Path, store: SqliteStore) -> None:
    (tmp_path / "main.py").write_text(WELL)
    add(store, job(), job(task="main:gone"), job(app="old:app"))

    told = ask(tmp_path, "--json", AFTERWORD_WORKER="off")

    assert told.code == 1
    assert told.of("fault") == [
        "2 jobs wait, no worker of main:app is alive, and the application is told to start none (worker=False or"
        " AFTERWORD_WORKER=off)."
    ]
    assert told.of("warning") == [
        "1 job waits for old:app, of which no worker is alive.",
        "Unfinished jobs are of 1 task that nobody knows here: main:gone (the module main has no function gone).",
    ]

    store.beat("main:app").result(PATIENCE)

    told = ask(tmp_path, "--json", AFTERWORD_WORKER="off")

    assert told.code == 0
    assert "A worker of main:app is alive." in told.of("fine")
    assert any(re.fullmatch(r"A job that was added [\d,]+ s ago waits still, .*", what) for what in told.of("warning"))


@pytest.mark.process
def test_a_store_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(WELL)
    told = ask(tmp_path, "--json", "--store", "sqlite:///none/jobs.db")
    assert told.code == 1
    assert told.of("fault") == [f"The folder {tmp_path}/none does not exist, where the store jobs.db is to be."]


@pytest.mark.process
def test_a_store_of_one_process(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(WELL + "def add(t): t.add_task(print)\n")
    told = ask(tmp_path, "--json", AFTERWORD_STORE="inline")
    assert told.code == 0
    assert not any(
        "worker" in what or "file" in what for level in Level for what in told.of(level.value) if "SQLite" not in what
    )
    told = ask(tmp_path, "--json", AFTERWORD_STORE="inline-strict")
    assert told.code == 1


@pytest.mark.process
def test_settings_that_cannot_be_used_are_told_once(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(WELL)
    told = ask(tmp_path, "--json", AFTERWORD_KEEP="soon")
    assert told.code == 1
    assert told.of("fault") == ["These settings cannot be used: AFTERWORD_KEEP='soon' must be a number of seconds, at least 0."]


@pytest.mark.process
@pytest.mark.parametrize("arguments", [("--store", "redis://x"), ("--store", ""), ("--what",)])
def test_usage_ends_it_with_two(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    told = ask(tmp_path, *arguments)
    assert (told.code, told.out) == (2, "")


def test_a_url_that_names_no_store(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        doctor(store="redis://x")
    assert capsys.readouterr().err == (
        '\'redis://x\' names no store: it does not begin with sqlite:///. Use "sqlite:///afterword.db", "memory", "inline" or'
        ' "inline-strict".\n'
    )
