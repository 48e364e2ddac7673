"""A worker started by hand, as a real process."""

import re
import signal
from pathlib import Path

import httpx
import pytest
import typer

from afterword.cli.worker import find
from tests.support.processes import PATIENCE, wait_until
from tests.system.site import Site

pytestmark = pytest.mark.process

LABELLED = """
from fastapi import FastAPI
from ledger import note

from afterword import Afterword, BackgroundTasks, task

app = FastAPI()
Afterword(app)


@task(ordered=False)
def work(number: int):
    note(number, "start")
    note(number, "end")


@task(queue="mail", ordered=False)
def mail(number: int):
    work(number)


@app.post("/both")
async def both(background_tasks: BackgroundTasks):
    background_tasks.add_task(work, 1)
    background_tasks.add_task(mail, 2)
"""


def test_it_runs_the_jobs_of_the_application_in_its_folder(site: Site) -> None:
    server = site.serve(worker=False)
    server.add("sleep", 1)

    worker, log = site.run("-m", "afterword", "worker")
    site.wait_for([1])
    worker.send_signal(signal.SIGINT)

    assert worker.wait(PATIENCE) == 0
    assert re.search(rf"worker {worker.pid} started for main:app", log.read_text())
    assert re.search(r"draining: it got SIGINT", log.read_text())
    assert re.search(rf"worker {worker.pid} stopped", log.read_text())


@pytest.mark.parametrize(
    ("typed", "variable", "sentence"),
    [
        (
            None,
            None,
            "The application cannot be found: there is none of main.py, app.py, api.py, app/main.py, app/app.py, app/api.py in"
            " {}.",
        ),
        ("nope:app", "main:app", "The application cannot be found: there is no module nope in {} or on sys.path."),
        (
            None,
            "nope:app",
            "The application nope:app, which AFTERWORD_APP names, cannot be found: there is no module nope in {} or on"
            " sys.path.",
        ),
    ],
)
def test_it_says_how_to_name_an_application(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: str | None, variable: str | None, sentence: str
) -> None:
    with pytest.raises(typer.Exit) as ended:
        find(tmp_path, typed, variable)

    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == (
        f"{sentence.format(tmp_path)} Say where it is: afterword worker main:app, or --app-dir FOLDER.\n"
    )


IMPORTED = """
import sys
from pathlib import Path

from fastapi import FastAPI

from afterword import Afterword, BackgroundTasks


def say(what):
    with Path("said.txt").open("a") as file:
        print(what, file=file)


say("imported")


def work():
    say("ran")


def create():
    say("made")
    app = FastAPI()
    Afterword(app, worker=False)

    @app.post("/work")
    async def endpoint(background_tasks: BackgroundTasks):
        background_tasks.add_task(work)

    return app


if "factory" not in __name__:
    app = create()
"""


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("made:app", ["imported", "made", "ran"]),
        # A runner calls no factory.
        ("factory:create", ["imported", "made", "imported", "ran"]),
    ],
)
def test_the_first_job_waits_for_as_few_imports_as_can_be(site: Site, target: str, said: list[str]) -> None:
    (site.folder / f"{target.partition(':')[0]}.py").write_text(IMPORTED)
    server = site.serve(target, *(["--factory"] if "factory" in target else []), worker=False)
    httpx.post(f"{server.address}/work").raise_for_status()
    told = site.folder / "said.txt"
    told.unlink()

    worker, _ = site.run("-m", "afterword", "worker", target)
    wait_until(lambda: told.exists() and "ran" in told.read_text(), "the job")
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(PATIENCE) == 0
    assert told.read_text().split() == said


def test_it_leaves_the_jobs_of_other_queues(site: Site) -> None:
    (site.folder / "labelled.py").write_text(LABELLED)
    server = site.serve("labelled:app", worker=False)
    httpx.post(f"{server.address}/both").raise_for_status()

    worker, _ = site.run("-m", "afterword", "worker", "labelled:app", "--queues", "mail")
    site.wait_for([2])  # Written after the other, so that one was seen before.
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(PATIENCE) == 0
    assert {number: job.state.word for number, job in site.jobs().items()} == {1: "queued", 2: "succeeded"}
    assert set(site.starts()) == {2}
