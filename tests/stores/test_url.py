"""From a URL to a store."""

from pathlib import Path

import pytest

from afterword.clock import SystemClock
from afterword.errors import StoreUrlError
from afterword.events import nobody
from afterword.stores.memory import MemoryStore
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.url import open_store, sqlite_path


def test_a_relative_path_counts_from_the_working_directory_of_that_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sqlite_path("sqlite:///jobs.db") == tmp_path / "jobs.db"
    assert sqlite_path("sqlite:///data/jobs.db") == tmp_path / "data" / "jobs.db"


def test_an_absolute_path_has_four_slashes() -> None:
    assert sqlite_path("sqlite:////var/lib/jobs.db") == Path("/var/lib/jobs.db")


def test_stores_are_made_and_not_opened(tmp_path: Path) -> None:
    made = open_store(f"sqlite:///{tmp_path}/jobs.db", clock=SystemClock(), tell=nobody)
    assert isinstance(made, SqliteStore)
    assert made.life is not None
    assert Path(made.life).parent == tmp_path / "jobs.db.run"
    assert list(tmp_path.iterdir()) == []
    in_memory = open_store("memory", clock=SystemClock(), tell=nobody)
    assert isinstance(in_memory, MemoryStore)
    assert in_memory.life is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "inline",
        "memory:",
        "jobs.db",
        "sqlite",
        "sqlite://jobs.db",
        "sqlite:///",
        "sqlite:////var/lib/",
        "sqlite:///:memory:",
        "sqlite:///file:jobs.db",
        "sqlite:///jobs.db?mode=ro",
        "postgresql://localhost/jobs",
    ],
)
def test_anything_else_is_refused_with_a_way_out(url: str) -> None:
    with pytest.raises(StoreUrlError, match=r'Use "sqlite:///afterword.db", "memory", "inline" or "inline-strict"') as raised:
        open_store(url, clock=SystemClock(), tell=nobody)
    assert repr(url) in str(raised.value)


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_a_path_that_no_file_can_have_is_refused(character: str) -> None:
    with pytest.raises(StoreUrlError) as raised:
        sqlite_path(f"sqlite:///jobs{character}.db")
    assert str(raised.value) == (
        f"{f'sqlite:///jobs{character}.db'!r} names no store: its path has a character that no file's name can have."
        ' Use "sqlite:///afterword.db", "memory", "inline" or "inline-strict".'
    )


def test_a_path_may_have_bytes_that_are_no_text() -> None:
    assert sqlite_path("sqlite:////var/jobs\udcff.db") == Path("/var/jobs\udcff.db")
