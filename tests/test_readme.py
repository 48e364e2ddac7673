"""Every block of the README is run, in the order in which a newcomer meets it, in an empty folder."""

import re
import subprocess
from pathlib import Path

import pytest

from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Query
from tests.support.documents import blocks, dialogue, expect, python
from tests.support.processes import PATIENCE
from tests.support.uvicorn import serve

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


DIFF, MAKE, TABLE, MAIN, SERVE, ASK, TASKS, OUTSIDE, HANDOFF, TESTS = blocks(README)
"""All there are: one that is added does not fit in here, and must be given a test."""


def test_the_difference_is_between_two_programs_that_work(tmp_path: Path) -> None:
    assert DIFF.language == "diff"
    for sign in "-+":
        program = "".join(line[2:] for line in DIFF.text.splitlines(keepends=True) if line[:1] in (sign, " ", "\n"))
        ran = python("-c", f"{program}\nassert app.title == 'FastAPI' and BackgroundTasks", folder=tmp_path)
        assert ran.returncode == 0, ran.stderr


def test_the_two_commands_are_there() -> None:
    for line in MAKE.text.splitlines():
        command, target = re.fullmatch(r"\$ (make) (\w+) +# .*", line).groups()  # type: ignore[union-attr]
        planned = subprocess.run([command, "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
        assert planned.returncode == 0, planned.stderr


def test_the_table_is_the_demo_s() -> None:
    header, *rows = TABLE.text.splitlines()
    assert re.split(r" {2,}", header.strip()) == ["accepted", "run", "lost", "run twice", "goes on after", "all run after"]
    assert [row.split()[0] for row in rows] == ["afterword", "fastapi.BackgroundTasks"]


@pytest.mark.process
def test_it_starts_in_an_empty_folder(tmp_path: Path) -> None:
    assert MAIN.text.startswith("# main.py\n")
    (tmp_path / "main.py").write_text(MAIN.text)
    served = re.fullmatch(r"\$ uvicorn (main:app) +# or: fastapi dev\n", SERVE.text)
    assert served

    with serve(tmp_path, served.group(1)) as server:
        for command, answer in dialogue(ASK.text.replace("http://127.0.0.1:8000", server.address)):
            expect(command, answer, tmp_path)


@pytest.mark.process
def test_it_is_used_in_tasks_and_outside_of_requests(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        f"from fastapi import FastAPI\nfrom afterword import Afterword\napp = FastAPI()\n{TASKS.text}"
    )
    (tmp_path / "script.py").write_text(
        "import ast, asyncio\nfrom main import *\n"
        f"code = compile({OUTSIDE.text!r}, 'README', 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)\n"
        "asyncio.run(eval(code))\n"
    )

    ran = python("script.py", folder=tmp_path)

    assert ran.returncode == 0, ran.stderr
    store = SqliteStore(tmp_path / "afterword.db")
    try:
        jobs = store.find(Query()).result(PATIENCE)
    finally:
        store.close()
    assert [(job.task, job.retry.attempts) for job in jobs] == [("main:send_receipt", 5)] * 4


@pytest.mark.process
def test_its_task_is_handed_off(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        "import celery\nfrom fastapi import FastAPI\nfrom afterword import Afterword, task\n"
        "from afterword.handoff.celery import Celery\n"
        f"app = FastAPI()\ncelery_app = celery.Celery()\nafterword = {HANDOFF.text}"
    )

    ran = python("-c", "from main import *; afterword.add_now(make_report, 'May')", folder=tmp_path)

    assert ran.returncode == 0, ran.stderr
    store = SqliteStore(tmp_path / "afterword.db")
    try:
        [job] = store.find(Query()).result(PATIENCE)
    finally:
        store.close()
    assert (job.task, job.via) == ("main:make_report", "celery")


def test_what_it_links_to_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert "docs/guides/you-already-have-celery.md" in links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.process
def test_its_tests_pass(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(MAIN.text)
    (tmp_path / "test_main.py").write_text(TESTS.text)

    ran = python("-m", "pytest", "--rootdir", ".", "-p", "no:cacheprovider", folder=tmp_path)

    assert "3 passed" in ran.stdout, ran.stdout + ran.stderr
    assert not (tmp_path / "afterword.db").exists()


def test_every_command_that_it_names_is_there(tmp_path: Path) -> None:
    named = set(re.findall(r"`afterword ((?:jobs )?[a-z]+)", README)) | {f"jobs {verb}" for verb in ("cancel", "forget")}
    assert {"worker", "doctor", "demo", "jobs list"} <= named
    for command in named - {"jobs"}:
        told = python("-m", "afterword", *command.split(), "--help", folder=tmp_path)
        assert told.returncode == 0, (command, told.stderr)
