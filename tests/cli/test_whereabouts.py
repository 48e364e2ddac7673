"""Which store a command means: each branch, in order."""

import os
from pathlib import Path

import pytest

from afterword.cli import whereabouts
from afterword.cli.whereabouts import Place, find, written
from afterword.discovery import Target
from afterword.errors import SettingsError, StoreNotShared, StoreUnknown, StoreUrlError
from afterword.launch import Launch

PLAIN = "from fastapi import FastAPI\nfrom afterword import Afterword\napp = FastAPI()\nAfterword(app)\n"
SAID = Launch(store="sqlite:////srv/asked.db", app="main:app", path=())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, in which nothing is set."""
    for variable in [name for name in os.environ if name.startswith("AFTERWORD_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The applications that were asked; each says SAID."""
    names: list[str] = []

    def ask(target: Target) -> Launch:
        names.append(target.name)
        return SAID

    monkeypatch.setattr(whereabouts, "ask", ask)
    return names


def test_what_was_typed_comes_first(folder: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]) -> None:
    monkeypatch.setenv("AFTERWORD_STORE", "sqlite:///other.db")
    (folder / "main.py").write_text(PLAIN)
    (folder / "afterword.db").touch()
    assert find("sqlite:///typed.db", None, Path()) == Place(f"sqlite:///{folder}/typed.db", "--store")
    assert asked == []


def test_an_application_that_says_nothing_has_it_from_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    monkeypatch.setenv("AFTERWORD_STORE", "sqlite:///other.db")
    (folder / "main.py").write_text(PLAIN)
    (folder / "afterword.db").touch()
    (folder / "other.db").touch()
    assert find(None, None, Path()) == Place(f"sqlite:///{folder}/other.db", "AFTERWORD_STORE")
    assert asked == []


def test_what_an_application_says_wins_over_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    monkeypatch.setenv("AFTERWORD_STORE", "sqlite:///other.db")
    (folder / "main.py").write_text(PLAIN.replace("(app)", "(app, store='sqlite:///own.db')"))
    (folder / "other.db").touch()
    (folder / "own.db").touch()
    assert find(None, None, Path()) == Place(f"sqlite:///{folder}/own.db", str(folder / "main.py"))
    (folder / "main.py").write_text(PLAIN.replace("(app)", "(app, store=URL)"))
    assert find(None, None, Path()).url == SAID.store
    assert asked == ["main:app"]


def test_without_an_application_the_environment_says_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORD_STORE", "sqlite:///other.db")
    assert find(None, None, Path()) == Place(f"sqlite:///{folder}/other.db", "AFTERWORD_STORE")


def test_then_the_application_s_file_when_it_leads_to_a_store(folder: Path, asked: list[str]) -> None:
    (folder / "main.py").write_text(PLAIN)
    (folder / "afterword.db").touch()
    assert find(None, None, Path()) == Place(f"sqlite:///{folder}/afterword.db", str(folder / "main.py"))
    assert asked == []


def test_else_the_application_itself(folder: Path, asked: list[str]) -> None:
    (folder / "main.py").write_text(PLAIN)
    assert find(None, None, Path()) == Place(SAID.store, "the application main:app")
    (folder / "main.py").write_text(PLAIN.replace("(app)", "(app, store=URL)"))
    (folder / "afterword.db").touch()
    assert find(None, None, Path()) == Place(SAID.store, "the application main:app")
    assert asked == ["main:app", "main:app"]


def test_the_application_that_was_named(folder: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]) -> None:
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").write_text(PLAIN.replace("(app)", "(app, store='sqlite:///shop.db')"))
    (folder / "main.py").write_text(PLAIN)
    (folder / "shop.db").touch()
    assert find(None, "shop:app", Path()).url == f"sqlite:///{folder}/shop.db"
    monkeypatch.setenv("AFTERWORD_APP", "shop:app")
    assert find(None, None, Path()).url == f"sqlite:///{folder}/shop.db"
    assert find(None, "main:app", Path()).url == SAID.store


def test_the_application_s_folder_is_not_where_its_paths_begin(folder: Path, asked: list[str]) -> None:
    (folder / "project").mkdir()
    (folder / "project" / "main.py").write_text(PLAIN)
    (folder / "project" / "afterword.db").touch()
    assert find(None, None, Path("project")).url == SAID.store
    (folder / "afterword.db").touch()
    assert find(None, None, Path("project")).url == f"sqlite:///{folder}/afterword.db"


def test_without_an_application_it_says_what_to_say(folder: Path) -> None:
    with pytest.raises(StoreUnknown) as refusal:
        find(None, None, Path())
    assert str(refusal.value) == (
        "Where the jobs are cannot be told: there is none of main.py, app.py, api.py, app/main.py, app/app.py, app/api.py in "
        f"{folder}. Say it with --store sqlite:///PATH, or name the application with --app main:app."
    )


def test_stores_that_nobody_else_can_see_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreNotShared) as refusal:
        find("inline", None, Path())
    assert str(refusal.value) == (
        "'inline' is a store that only the application's own process sees: any other, such as a worker started apart, would "
        'find no jobs there. Use a file, for example "sqlite:///afterword.db".'
    )
    with pytest.raises(StoreUrlError):
        find("redis://localhost", None, Path())
    monkeypatch.setenv("AFTERWORD_STORE", "memory")
    with pytest.raises(StoreNotShared):
        find(None, None, Path())


def test_faults_in_the_settings_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORD_STOER", "sqlite:///other.db")
    with pytest.raises(SettingsError, match="did you mean AFTERWORD_STORE"):
        find(None, None, Path())


@pytest.mark.parametrize(
    ("call", "url"),
    [
        ("Afterword(app)", "sqlite:///afterword.db"),
        ("Afterword(app, runners=2)", "sqlite:///afterword.db"),
        ("Afterword(app, store=None)", "sqlite:///afterword.db"),
        ("Afterword(app, store='sqlite:///jobs.db')", "sqlite:///jobs.db"),
        ("afterword.Afterword(app, store='sqlite:///jobs.db')", "sqlite:///jobs.db"),
        ("def create():\n    return Afterword(FastAPI(), store='sqlite:///jobs.db')", "sqlite:///jobs.db"),
        ("Afterword(app, store='memory')", "memory"),
        ("Afterword(app, store=URL)", None),
        ("Afterword(app, store=f'sqlite:///{name}.db')", None),
        ("Afterword(app, store=3)", None),
        ("Afterword(app, **options)", None),
        ("Afterword(app)\nAfterword(admin)", None),
        ("attach(app)", None),
        ("Afterword(", None),
        ("\0", None),
    ],
)
def test_a_file_is_believed_where_running_it_could_come_to_nothing_else(call: str, url: str | None) -> None:
    assert written(call.encode()) == url


@pytest.mark.parametrize("store", ["memory", "redis://localhost", "sqlite:///"])
def test_a_url_of_no_file_is_left_to_the_application(folder: Path, asked: list[str], store: str) -> None:
    (folder / "main.py").write_text(PLAIN.replace("(app)", f"(app, store={store!r})"))
    assert find(None, None, Path()).url == SAID.store


@pytest.mark.process
def test_the_application_is_really_asked(folder: Path) -> None:
    (folder / "main.py").write_text(PLAIN.replace("(app)", "(app, store='sqlite:///' + 'jobs.db')"))
    assert find(None, None, Path()) == Place(f"sqlite:///{folder}/jobs.db", "the application main:app")
    assert not (folder / "jobs.db").exists()
