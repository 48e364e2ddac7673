"""The samples are found, and read as plain FastAPI once their import is changed."""

from pathlib import Path

import pytest

from afterword.demo import layout
from afterword.demo.failure import DemoFailed


def test_they_are_laid_out_as_they_are(tmp_path: Path) -> None:
    layout.lay_out(tmp_path, with_afterword=True)

    for name in layout.NAMES:
        assert (tmp_path / "examples" / name).read_text() == (layout.PLACES[1] / name).read_text()


def test_for_fastapi_alone_their_import_is_changed(tmp_path: Path) -> None:
    layout.lay_out(tmp_path, with_afterword=False)

    for path in (tmp_path / "everything.py", *(tmp_path / "examples" / name for name in layout.NAMES)):
        code = [line for line in path.read_text().splitlines() if line.startswith(("from ", "import ", "@", "Afterword("))]
        assert "from fastapi import BackgroundTasks" in code
        assert not [line for line in code if line.startswith(("from afterword", "@task", "Afterword("))]


def test_an_application_that_hands_off_stands_beside_what_it_serves(tmp_path: Path) -> None:
    layout.lay_out(tmp_path, with_afterword=True, application="with_celery")

    for name in ("everything.py", "with_celery.py"):
        assert (tmp_path / name).read_text() == (layout.HERE / name).read_text()


def test_where_there_are_none_it_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "PLACES", (Path("/one"), Path("/two")))

    with pytest.raises(DemoFailed) as failed:
        layout.lay_out(tmp_path, with_afterword=True)

    assert str(failed.value) == (
        "The demo cannot go on: its samples are missing, looked in /one and /two. Install afterword again."
    )
