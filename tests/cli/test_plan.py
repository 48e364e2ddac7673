"""From what was typed to what the worker is told."""

from pathlib import Path

import pytest
import typer

from afterword.cli.asking import ask
from afterword.cli.worker import adjust
from afterword.errors import SettingsError, StoreNotShared, StoreUrlError
from afterword.guessing import guess
from afterword.launch import Launch

SAID = Launch(store="sqlite:////srv/jobs.db", app="main:shop", path=("/srv",), runners=3, concurrency=5, drain=7.0, keep=9.0)

APPLICATION = """
print("a word while importing")
from fastapi import FastAPI
from afterword import Afterword
shop = FastAPI()
Afterword(shop, store="sqlite:///data/jobs.db", concurrency=4, drain=2)
"""


def test_what_the_application_says_is_passed_on() -> None:
    assert adjust(SAID, {"store": None, "runners": None}, "") == SAID


def test_what_was_typed_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    launch = adjust(SAID, {"store": "sqlite:///jobs.db", "runners": 1, "concurrency": 2, "drain": 0.5}, "")
    assert launch.store == f"sqlite:///{tmp_path / 'jobs.db'}"
    assert (launch.runners, launch.concurrency, launch.drain, launch.keep) == (1, 2, 0.5, 9.0)


def test_the_environment_is_the_application_s_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORD_RUNNERS", "8")
    assert adjust(SAID, {"runners": None}, "").runners == 3


@pytest.mark.parametrize("store", ["memory", "inline"])
def test_a_store_that_no_worker_can_see_is_refused(store: str) -> None:
    with pytest.raises(StoreNotShared, match=store):
        adjust(SAID, {"store": store}, "")


def test_a_url_of_no_store_is_refused() -> None:
    with pytest.raises(StoreUrlError):
        adjust(SAID, {"store": "redis://localhost"}, "")


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as refusal:
        adjust(SAID, {"runners": -1, "concurrency": 0}, "")
    assert "runners=-1" in str(refusal.value)
    assert "concurrency=0" in str(refusal.value)


@pytest.mark.parametrize(
    ("typed", "labels"), [("", ()), ("mail", ("mail",)), ("mail,reports", ("mail", "reports")), (" mail , ,", ("mail",))]
)
def test_queues_are_labels_between_commas(typed: str, labels: tuple[str, ...]) -> None:
    assert adjust(SAID, {}, typed).queues == labels


@pytest.mark.process
@pytest.mark.parametrize("target", [None, "main", "main.py", "main:shop"])
def test_the_application_is_asked_in_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str | None
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.py").write_text(APPLICATION)
    monkeypatch.chdir(tmp_path)
    launch = ask(guess(Path("project"), target))
    assert launch.app == "main:shop"
    assert launch.path[0] == str(folder)
    assert launch.store == f"sqlite:///{tmp_path / 'data' / 'jobs.db'}"
    assert (launch.concurrency, launch.drain, launch.lifeline) == (4, 2.0, None)


@pytest.mark.process
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("from fastapi import FastAPI\napp = FastAPI()\n", "add `Afterword(app)` below `app = FastAPI()`"),
        (
            "from fastapi import FastAPI\nimport nothing_of_this_name\napp = FastAPI()\n",
            "No module named 'nothing_of_this_name'",
        ),
        (APPLICATION.replace("sqlite:///data/jobs.db", "memory"), "memory"),
    ],
)
def test_an_application_that_cannot_say_it_says_why(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], source: str, said: str
) -> None:
    (tmp_path / "main.py").write_text(source)
    with pytest.raises(typer.Exit):
        ask(guess(tmp_path))
    assert said in capfd.readouterr().err


@pytest.mark.process
def test_a_factory_is_called(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        "from fastapi import FastAPI\nfrom afterword import Afterword\n"
        "def create():\n    app = FastAPI()\n    Afterword(app, concurrency=3)\n    return app\n"
    )
    launch = ask(guess(tmp_path, "main:create"))
    assert (launch.app, launch.concurrency) == ("main:create", 3)


@pytest.mark.process
def test_a_name_that_is_not_there_is_told_with_those_that_are(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "main.py").write_text(APPLICATION)
    with pytest.raises(typer.Exit):
        ask(guess(tmp_path, "main:nope"))
    assert "main has no `nope`, but `shop`" in capfd.readouterr().err
