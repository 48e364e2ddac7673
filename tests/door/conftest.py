from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from afterword import Afterword
from afterword.stores.sqlite.store import SqliteStore
from tests.door import work
from tests.door.watched import Watched


@pytest.fixture
def notes() -> list[str]:
    """What happened, in order."""
    return []


@pytest.fixture
def store(tmp_path: Path, notes: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """The store of every Afterword that a test makes."""
    watched = Watched(SqliteStore(tmp_path / "afterword.db"), notes)
    monkeypatch.setattr("afterword.parts.open_store", lambda url, **parts: watched)
    yield watched
    watched.close()


@pytest.fixture
def app(store: Watched) -> FastAPI:
    app = FastAPI()
    Afterword(app, worker=False)
    return app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """Answers 500 where the server would, and runs no lifespan."""
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    work.ran.clear()
