"""When a test run begins and ends for the plugin, and where its paths count from."""

from pathlib import Path

import pytest

from tests.testing.runs import configure, files, run, run_any

pytestmark = pytest.mark.process

EMPTY = """
def test_nothing():
    pass
"""

INLINE = """
import os
from pathlib import Path
from fastapi.testclient import TestClient
from main import afterword, app


def test_inline():
    with TestClient(app) as client:
        client.post("/word").raise_for_status()
    assert f"word {os.getpid()}" in Path("log.txt").read_text()
    assert afterword.store is None
"""

WRITTEN_DOWN = """
from fastapi.testclient import TestClient
from main import afterword, app


def test_written_down():
    with TestClient(app) as client:
        client.post("/word").raise_for_status()
        assert afterword.store is not None
"""

STARTED_BY_A_CONFTEST = """
from fastapi.testclient import TestClient
from main import app

with TestClient(app) as client:
    client.post("/early").raise_for_status()
"""

NESTED = """
pytest_plugins = ["pytester"]


def test_others_in_this_process(pytester):
    pytester.makeini("[pytest]\\nafterword_store = default")
    pytester.makepyfile("def test_it(): import pytest_afterword; assert pytest_afterword.store() == 'default'")
    pytester.runpytest_inprocess().assert_outcomes(passed=1)


def test_one_that_never_comes_to_its_tests(pytester):
    pytester.makeconftest("import pytest\\ndef pytest_configure(config): raise pytest.UsageError('no')")
    assert pytester.runpytest_inprocess().ret == 4


def test_one_whose_conftest_cannot_be_imported(pytester):
    pytester.makeconftest("1 / 0")
    pytester.runpytest_inprocess()
"""

ELSEWHERE = """
import os
from pathlib import Path
from fastapi.testclient import TestClient
from main import afterword, app

HERE = Path.cwd()


def test_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    TestClient(app).post("/word").raise_for_status()
    assert os.listdir() == []
    assert afterword.launch().store == f"sqlite:///{HERE}/chosen.db"
"""

BARE = """
from fastapi import FastAPI
from fastapi.testclient import TestClient
import main


def test_router():
    bare = FastAPI()
    bare.include_router(main.app.router)
    TestClient(bare).post("/word").raise_for_status()


def test_function():
    import asyncio
    from afterword import BackgroundTasks

    background_tasks = BackgroundTasks()
    asyncio.run(main.endpoint("word", background_tasks))
    assert len(background_tasks.tasks) == 1
"""


def test_what_a_conftest_starts_belongs_to_it(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(STARTED_BY_A_CONFTEST)
    run(tmp_path, EMPTY)
    assert files(tmp_path) - {"conftest.py"} == {"log.txt"}


def test_a_plugin_that_a_conftest_names_begins_late_but_begins(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["pytest_afterword"]\n')
    ran = run_any(tmp_path, INLINE, "-p", "pytest_timeout", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert ran.returncode == 0, ran.stdout


def test_where_plugins_are_not_loaded_by_themselves_it_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(STARTED_BY_A_CONFTEST)
    ran = run_any(tmp_path, INLINE, "-p", "pytest_afterword", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert ran.returncode == 0, ran.stdout
    assert files(tmp_path) - {"conftest.py"} == {"log.txt"}


def test_what_a_conftest_complains_of_is_what_is_said(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        'import pytest\n\n\ndef pytest_configure(config):\n    raise pytest.UsageError("DATABASE_URL is not set")\n'
    )
    ran = run_any(tmp_path, EMPTY)
    assert (ran.returncode, ran.stdout, ran.stderr) == (4, "", "ERROR: DATABASE_URL is not set\n\n")


def test_runs_within_a_run_leave_it_as_it_was(tmp_path: Path) -> None:
    assert "4 passed" in run(tmp_path, NESTED + INLINE)
    assert files(tmp_path) == {"log.txt"}


def test_a_relative_path_counts_from_the_root_of_the_test_run(tmp_path: Path) -> None:
    configure(tmp_path, "sqlite:///chosen.db")
    run(tmp_path, ELSEWHERE)
    assert "chosen.db" in files(tmp_path)


@pytest.mark.parametrize("store", ["sqlite:////{folder}/chosen.db", "memory"])
def test_any_other_url_is_taken_as_it_is(tmp_path: Path, store: str) -> None:
    configure(tmp_path, store.format(folder=tmp_path))
    run(tmp_path, WRITTEN_DOWN)
    assert ("chosen.db" in files(tmp_path)) == (store != "memory")


def test_an_application_s_parts_can_be_tested_without_it(tmp_path: Path) -> None:
    assert "2 passed" in run(tmp_path, BARE)
