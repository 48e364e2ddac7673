"""The plugin of pytest, in test runs of their own: of an application whose tests were written for FastAPI alone."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.testing.runs import configure, files, run

pytestmark = pytest.mark.process

# What a user of FastAPI has already, not a word of afterword in it.
EXISTING = """
import os
from pathlib import Path
from fastapi.testclient import TestClient
from main import app


def test_with_lifespan():
    with TestClient(app) as client:
        assert client.post("/first").status_code == 200
    assert f"first {os.getpid()}" in Path("log.txt").read_text()


def test_without():
    TestClient(app).post("/second")
    assert f"second {os.getpid()}" in Path("log.txt").read_text()
"""

WRITTEN_DOWN = """
from pathlib import Path
from fastapi.testclient import TestClient
from main import afterword, app


async def count():
    return {state.word: number for state, number in (await afterword.store.count()).items() if number}


def test_written_down():
    with TestClient(app) as client:
        client.post("/first").raise_for_status()
        assert client.portal.call(count) == {"queued": 1}
        assert afterword._parts.kept() is None
    assert not Path("log.txt").exists()
"""

SERVED = """
import re, subprocess, sys, time
from pathlib import Path
import httpx
import main  # In this process it runs inline, in the other it is real.


def wait_until(happened):
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_server():
    log = Path("uvicorn.log")
    with log.open("w") as output:
        command = [sys.executable, "-m", "uvicorn", "main:app", "--port", "0"]
        server = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        wait_until(lambda: re.search(r"http://[\\d.]+:\\d+", log.read_text()))
        address = re.search(r"http://[\\d.]+:\\d+", log.read_text()).group()
        httpx.post(f"{address}/served").raise_for_status()
        wait_until(lambda: Path("log.txt").exists() and Path("log.txt").read_text().startswith("served"))
        assert int(Path("log.txt").read_text().split()[1]) != server.pid
        assert Path("afterword.db").exists()
    finally:
        server.terminate()
        server.wait()
"""

FORKED = """
import multiprocessing
from fastapi.testclient import TestClient
from main import afterword, app


def serve(answer):
    with TestClient(app) as client:
        client.post("/forked").raise_for_status()
        answer.put((afterword.store is not None, afterword._parts.kept() is not None))


def test_fork():
    TestClient(app).post("/here")
    assert afterword.store is None
    context = multiprocessing.get_context("fork")
    answer = context.Queue()
    process = context.Process(target=serve, args=(answer,))
    process.start()
    assert answer.get(timeout=30) == (True, True)
    process.join()
"""

UNTOUCHED = """
import sys


def test_nothing_of_ours_is_imported():
    assert not [name for name in sys.modules if name.partition(".")[0] == "afterword"]
    assert "pytest_afterword" in sys.modules
"""

FIXTURES = """
from fastapi.testclient import TestClient
from main import app, write


def test_captured(afterword_captured):
    TestClient(app).post("/first")
    assert [(call.task, call.kwargs) for call in afterword_captured] == [("main:write", {"word": "first"})]


def test_drained(afterword_drain):
    TestClient(app).post("/first")
    (job,) = afterword_drain()
    assert job.state.word == "succeeded"
"""


def test_an_existing_suite_keeps_passing(tmp_path: Path) -> None:
    run(tmp_path, EXISTING)
    assert files(tmp_path) == {"log.txt"}


def test_it_does_so_in_processes_of_xdist(tmp_path: Path) -> None:
    run(tmp_path, EXISTING, "-n", "2")
    assert files(tmp_path) == {"log.txt"}


def test_the_environment_is_none_of_its_business(tmp_path: Path) -> None:
    run(tmp_path, SERVED)


def test_a_server_that_was_forked_is_real(tmp_path: Path) -> None:
    run(tmp_path, FORKED)
    assert "afterword.db" in files(tmp_path)


def test_a_store_that_was_given_wins_and_no_worker_starts(tmp_path: Path) -> None:
    run(tmp_path, WRITTEN_DOWN, arguments=', store="sqlite:///own.db"')
    assert {"own.db", "own.db.run"} <= files(tmp_path)


def test_the_configuration_chooses_what_production_does(tmp_path: Path) -> None:
    configure(tmp_path, "default")
    run(tmp_path, WRITTEN_DOWN)
    assert "afterword.db" in files(tmp_path)


def test_the_configuration_chooses_a_store(tmp_path: Path) -> None:
    configure(tmp_path, "sqlite:///chosen.db")
    run(tmp_path, WRITTEN_DOWN)
    assert "chosen.db" in files(tmp_path)


def test_a_worker_that_was_asked_for_starts(tmp_path: Path) -> None:
    configure(tmp_path, "default")
    run(tmp_path, SERVED.replace("import main", "from main import afterword; import main") + ASKED, arguments=", worker=True")


ASKED = """

def test_worker():
    from fastapi.testclient import TestClient

    with TestClient(main.app) as client:
        client.post("/asked").raise_for_status()
        wait_until(lambda: "asked" in Path("log.txt").read_text())
"""


def test_it_imports_nothing_before_it_is_needed(tmp_path: Path) -> None:
    run(tmp_path, UNTOUCHED)


def test_its_fixtures_are_there(tmp_path: Path) -> None:
    assert "2 passed" in run(tmp_path, FIXTURES)
    assert files(tmp_path) == {"log.txt"}
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "pytest.ini", "--fixtures", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    for fixture in ("afterword_inline", "afterword_strict", "afterword_captured", "afterword_drain"):
        assert fixture in told.stdout
