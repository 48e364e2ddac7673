"""When an application is asked."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from afterword import asking
from afterword.guessing import guess
from tests.support.processes import PATIENCE


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The names of those that are asked, in a folder that has an application."""
    names: list[str] = []

    def recruit(*told: Any) -> Any:
        names.append(told[0])
        return names

    (tmp_path / "main.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(asking, "recruit", recruit)
    return names


@pytest.mark.parametrize("arguments", [["worker"], ["worker", "main:app"], ["worker", "main"]])
def test_who_starts_a_worker_asks_early_and_once(started: list[str], arguments: list[str]) -> None:
    asking.begin_early(arguments)
    assert started == ["main:app"]

    asking.question(guess(Path()))
    assert started == ["main:app"]

    asking.question(guess(Path()))
    assert started == ["main:app", "main:app"]


@pytest.mark.parametrize(
    "arguments", [[], ["jobs"], ["doctor", "main:app"], ["worker", "--help"], ["worker", "nope"], ["worker", "main", "more"]]
)
def test_nobody_is_asked_early_where_that_is_not_plainly_wanted(started: list[str], arguments: list[str]) -> None:
    asking.begin_early(arguments)

    assert started == []


def test_who_is_asked_early_is_who_is_found_later(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERWORD_APP", "main:other")

    asking.begin_early(["worker"])

    assert started == ["main:other"]


@pytest.mark.process
def test_what_an_application_leaves_behind_does_not_hold_up_who_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It forks at import, and then there is no answer; the fork holds what the answer would have come by."""
    (tmp_path / "main.py").write_text(
        "import os, signal\n"
        "from pathlib import Path\n"
        "from fastapi import FastAPI\n"
        "app = FastAPI()\n"
        "if not (fork := os.fork()):\n"
        "    signal.pause()\n"
        "Path('fork').write_text(str(fork))\n"
    )
    monkeypatch.chdir(tmp_path)
    asked = asking.question(guess(Path()))
    try:
        with asked.stream:
            assert asking.answer(asked) is None
        assert asked.process.wait(PATIENCE) == 2
        os.kill(int((tmp_path / "fork").read_text()), 0)  # It lives.
    finally:
        os.kill(int((tmp_path / "fork").read_text()), signal.SIGKILL)
