"""`afterword jobs`, as a shell sees it."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from afterword.clock import SystemClock
from afterword.events import nobody
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Failed, Succeeded
from afterword.jobs.retry import Retry
from afterword.stores.sqlite.store import SqliteStore
from afterword.tasks.call import new_id
from afterword.testing.contract.bench import add, claim, job, now, settle, states

pytestmark = pytest.mark.process

PLAIN = {name: value for name, value in os.environ.items() if not name.startswith("AFTERWORD_")}
PLAIN |= {"COLUMNS": "60", "NO_COLOR": "1", "TERM": "dumb"}

APPLICATION = """
from fastapi import FastAPI
from afterword import Afterword
raise SystemExit("I was imported")
app = FastAPI()
Afterword(app)
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """That of the application in `tmp_path`, whose own process would fail."""
    (tmp_path / "main.py").write_text(APPLICATION)
    store = SqliteStore(tmp_path / "afterword.db", clock=SystemClock(), tell=nobody)
    yield store
    store.close()


@pytest.fixture
def jobs(store: SqliteStore) -> dict[str, Job]:
    """One of each state that can be had without a request."""
    jobs = add(
        store,
        *(job(id=new_id(), priority=-n, added_at=SystemClock().now(), retry=Retry(attempts=1)) for n in range(4)),
    )
    claimed = claim(store, 3)
    settle(store, claimed[0], Succeeded(b'{"sent":true}'), at=SystemClock().now())
    settle(store, claimed[1], Failed("Traceback\nno"), at=SystemClock().now())
    return {one.state.word: one for one in (now(store, added) for added in jobs)}


@pytest.fixture
def afterword(tmp_path: Path) -> Any:
    def afterword(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "afterword", "jobs", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, env=PLAIN | environment, check=False, timeout=60
        )

    return afterword


def test_the_newest_first_whole_in_a_pipe(afterword: Any, jobs: dict[str, Job], tmp_path: Path) -> None:
    told = afterword("list")
    assert (told.returncode, told.stderr) == (0, "")
    head, headings, *lines = told.stdout.splitlines()
    assert head == (f"sqlite:///{tmp_path}/afterword.db: 0 held, 1 queued, 1 running, 1 succeeded, 1 failed, 0 cancelled")
    assert headings.split() == ["id", "state", "task", "attempt", "added", "last", "error"]
    assert [line.split()[:3] for line in lines] == [
        [jobs[state].id, state, "main:send"] for state in ("queued", "running", "failed", "succeeded")
    ]


def test_json_and_nothing_else(afterword: Any, jobs: dict[str, Job]) -> None:
    told = afterword("list", "--json", "--state", "failed", "--state", "succeeded")
    assert (told.returncode, told.stderr) == (0, "")
    failed, succeeded = json.loads(told.stdout)
    assert (failed["id"], failed["state"], failed["error"]) == (jobs["failed"].id, "failed", "Traceback\nno")
    assert (succeeded["id"], succeeded["result"], succeeded["error"]) == (jobs["succeeded"].id, {"sent": True}, None)
    assert succeeded["arguments"] == json.loads(jobs["succeeded"].arguments)


def test_page_by_page_and_by_task(afterword: Any, jobs: dict[str, Job]) -> None:
    (newest,) = json.loads(afterword("list", "--json", "--limit", "1").stdout)
    (next,) = json.loads(afterword("list", "--json", "--limit", "1", "--before", newest["id"][-8:]).stdout)
    assert (newest["id"], next["id"]) == (jobs["queued"].id, jobs["running"].id)
    assert len(json.loads(afterword("list", "--json", "--task", "main:send").stdout)) == 4
    assert json.loads(afterword("list", "--json", "--task", "main:nope").stdout) == []
    lost = afterword("list", "--before", "000000")
    assert lost.returncode == 1
    assert lost.stderr == (
        "000000: no job has this id, or an id that begins or ends so: `afterword jobs list` shows those there are\n"
    )


def test_one_job(afterword: Any, jobs: dict[str, Job]) -> None:
    told = afterword("show", jobs["failed"].id[-8:])
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.splitlines()[:2] == [f"id       {jobs['failed'].id}", "state    failed"]
    assert json.loads(afterword("show", jobs["failed"].id, "--json").stdout)["task"] == "main:send"
    assert afterword("show", "000000").returncode == 1


def test_wishes(afterword: Any, jobs: dict[str, Job], store: SqliteStore) -> None:
    told = afterword("retry", jobs["failed"].id, jobs["succeeded"].id)
    assert (told.returncode, told.stdout) == (1, f"{jobs['failed'].id} main:send: queued again\n")
    assert told.stderr == (f"{jobs['succeeded'].id} main:send: not retried: it has succeeded; to run it again, add it again\n")
    told = afterword("cancel", jobs["failed"].id, jobs["running"].id, "--json")
    assert (told.returncode, told.stderr) == (1, "")
    assert [(one["done"], one["state"]) for one in json.loads(told.stdout)] == [(True, "cancelled"), (False, "running")]
    assert afterword("forget", jobs["failed"].id).returncode == 0
    assert store.get(jobs["failed"].id).result() is None
    assert afterword("forget", jobs["queued"].id).returncode == 1
    assert states(store, jobs["queued"], jobs["running"]) == [State.QUEUED, State.RUNNING]


def test_many_at_once(afterword: Any, jobs: dict[str, Job], store: SqliteStore) -> None:
    assert afterword("retry", "--failed", "--task", "main:nope").stdout == "0 retried\n"
    assert json.loads(afterword("retry", "--failed", "--json").stdout) == {"retried": 1}
    assert states(store, jobs["failed"]) == [State.QUEUED]
    assert afterword("forget", "--older-than", "1h").stdout == "0 forgotten\n"
    assert afterword("forget", "--older-than", "0s", "--state", "cancelled").stdout == "0 forgotten\n"
    assert json.loads(afterword("forget", "--older-than", "0s", "--json").stdout) == {"forgotten": 1}
    assert store.get(jobs["succeeded"].id).result() is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("retry",), "say which jobs: either their ids, or --failed for all that have failed"),
        (("retry", "123456", "--failed"), "say which jobs: either their ids, or --failed for all that have failed"),
        (("retry", "123456", "--task", "main:send"), "--task goes with --failed alone"),
        (("forget",), "say which jobs: either their ids, or --older-than for all that finished longer ago"),
        (("forget", "123456", "--state", "failed"), "--state goes with --older-than alone"),
        (
            ("forget", "--older-than", "7d", "--state", "queued"),
            "only finished jobs can be forgotten: choose among succeeded, failed, cancelled",
        ),
        (
            ("forget", "--older-than", "soon"),
            "'soon' is no span of time: write a number and a unit, such as 30m, 12h or 7d",
        ),
        (
            ("list", "--state", "lost"),
            "'lost' is no state: choose among held, queued, running, succeeded, failed, cancelled, handed_off",
        ),
        (("list", "--store", "redis://localhost"), "'redis://localhost' names no store"),
    ],
)
def test_faults_of_usage(afterword: Any, store: SqliteStore, arguments: tuple[str, ...], said: str) -> None:
    store.open()
    told = afterword(*arguments, COLUMNS="200")
    assert (told.returncode, told.stdout) == (2, "")
    assert said in told.stderr


@pytest.mark.parametrize("command", [("list",), ("list", "--json"), ("show", "123456"), ("retry", "--failed")])
def test_whoever_looks_makes_nothing(afterword: Any, tmp_path: Path, command: tuple[str, ...]) -> None:
    told = afterword(*command, "--store", "sqlite:///jobs.db")
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == (
        f"There is no store at {tmp_path}/jobs.db, where --store says it is; none was made. Start the application, which "
        "makes it, or say where it is with --store sqlite:///PATH.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_no_store(afterword: Any, tmp_path: Path) -> None:
    (tmp_path / "jobs.db").touch()
    assert afterword("list", "--store", "sqlite:///jobs.db").returncode == 2
    assert [file.name for file in tmp_path.iterdir()] == ["jobs.db"]
    assert (tmp_path / "jobs.db").stat().st_size == 0


def beside(folder: Path) -> dict[str, tuple[bytes, int]]:
    """The files there, with their bytes and times."""
    return {str(file): (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.rglob("*.db*") if file.is_file()}


LOOKS = [("list",), ("list", "--json"), ("list", "--task", "main:send"), ("show", "{id}"), ("show", "{id}", "--json")]


@pytest.mark.parametrize("command", LOOKS)
def test_whoever_looks_changes_nothing(afterword: Any, store: SqliteStore, tmp_path: Path, command: tuple[str, ...]) -> None:
    (added,) = add(store, job(id=new_id()))
    store.close()
    shutil.rmtree(tmp_path / "afterword.db.run")
    with closing(sqlite3.connect(tmp_path / "afterword.db")) as other:
        other.execute("PRAGMA journal_mode = DELETE")
    before = beside(tmp_path)
    told = afterword(*(word.format(id=added.id) for word in command))
    assert (told.returncode, told.stderr) == (0, "")
    assert added.id in told.stdout
    assert not (tmp_path / "afterword.db.run").exists()
    assert beside(tmp_path) == before


@pytest.mark.parametrize("command", LOOKS)
def test_an_older_schema_is_said_and_left(afterword: Any, store: SqliteStore, tmp_path: Path, command: tuple[str, ...]) -> None:
    (added,) = add(store, job(id=new_id()))
    store.close()
    with closing(sqlite3.connect(tmp_path / "afterword.db")) as other:
        other.execute("PRAGMA user_version = 1")
    before = beside(tmp_path)
    told = afterword(*(word.format(id=added.id) for word in command))
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith(f"The store at {tmp_path}/afterword.db has schema 1, this afterword reads ")
    assert beside(tmp_path) == before


@pytest.mark.parametrize("command", [("list",), ("show", "123456"), ("retry", "--failed"), ("cancel", "123456")])
def test_a_database_without_tables_is_made_nobodys_store(afterword: Any, tmp_path: Path, command: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(tmp_path / "jobs.db")) as other:
        other.execute("PRAGMA user_version = 0")
        other.execute("VACUUM")
    assert (tmp_path / "jobs.db").stat().st_size
    before = beside(tmp_path)
    told = afterword(*command, "--store", "sqlite:///jobs.db")
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith(f"There is no store at {tmp_path}/jobs.db, where --store says it is; none was made.")
    assert beside(tmp_path) == before


def test_as_many_as_fit_into_memory(afterword: Any, store: SqliteStore) -> None:
    store.open()
    told = afterword("list", "--limit", "99999999999999999999", COLUMNS="200")
    assert (told.returncode, told.stdout) == (2, "")
    assert "Invalid value for '--limit'" in told.stderr


def test_a_row_that_is_no_job_hides_no_other(afterword: Any, jobs: dict[str, Job], tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "afterword.db", isolation_level=None)) as other:
        other.execute("UPDATE jobs SET state = 42 WHERE id = ?", (jobs["queued"].id,))
    told = afterword("list", "--json")
    assert (told.returncode, told.stderr) == (0, "")
    assert [one["state"] for one in json.loads(told.stdout)] == ["running", "failed", "succeeded"]


def test_what_is_imported_is_light() -> None:
    """What makes an application or a worker takes longer to import than the command may take."""
    heavy = {"fastapi", "starlette", "pydantic", "afterword.app", "afterword.embedded.serving", "afterword.worker.worker"}
    program = f"import sys, afterword.cli; print(sorted({heavy} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout == "[]\n"
