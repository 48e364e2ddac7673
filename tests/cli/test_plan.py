"""From what was typed to what the worker is told."""

import sys
from pathlib import Path

import pytest

from afterword.cli.worker import plan
from afterword.errors import ApplicationNotFound, StoreNotShared, StoreUrlError
from afterword.settings import Settings

APPLICATION = "from fastapi import FastAPI\nshop = FastAPI()\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.py").write_text(APPLICATION)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize("target", [None, "main", "main.py", "main:shop"])
def test_the_application_is_found_in_its_folder(project: Path, target: str | None) -> None:
    launch = plan(Settings(), target, Path("project"), queues="")

    assert launch.app == "main:shop"
    assert launch.path == (str(project), *sys.path)


def test_what_was_typed_wins_over_the_environment(project: Path) -> None:
    (project / "other.py").write_text(APPLICATION)

    assert plan(Settings(application="other:shop"), None, project, queues="").app == "other:shop"
    assert plan(Settings(application="other:shop"), "main:shop", project, queues="").app == "main:shop"


def test_an_application_that_is_not_there_is_refused(project: Path) -> None:
    with pytest.raises(ApplicationNotFound):
        plan(Settings(), "shop.py", project, queues="")


def test_the_store_is_counted_from_the_working_directory(project: Path) -> None:
    launch = plan(Settings(store="sqlite:///data/jobs.db"), None, project, queues="")

    assert launch.store == f"sqlite:///{project.parent / 'data' / 'jobs.db'}"
    assert plan(Settings(store=launch.store), None, project, queues="").store == launch.store


@pytest.mark.parametrize("store", ["memory", "inline"])
def test_a_store_that_no_worker_can_see_is_refused(project: Path, store: str) -> None:
    with pytest.raises(StoreNotShared, match=store):
        plan(Settings(store=store), None, project, queues="")


def test_a_url_of_no_store_is_refused(project: Path) -> None:
    with pytest.raises(StoreUrlError):
        plan(Settings(store="redis://localhost"), None, project, queues="")


@pytest.mark.parametrize(
    ("typed", "labels"), [("", ()), ("mail", ("mail",)), ("mail,reports", ("mail", "reports")), (" mail , ,", ("mail",))]
)
def test_queues_are_labels_between_commas(project: Path, typed: str, labels: tuple[str, ...]) -> None:
    assert plan(Settings(), None, project, typed).queues == labels


def test_the_rest_is_passed_on(project: Path) -> None:
    launch = plan(Settings(runners=3, concurrency=5, drain=7.0, keep=9.0), None, project, queues="")

    assert (launch.runners, launch.concurrency, launch.drain, launch.keep) == (3, 5, 7.0, 9.0)
    assert launch.lifeline is None
