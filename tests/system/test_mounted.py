"""An application that is mounted in another: whose worker runs its jobs."""

from pathlib import Path

import httpx
import pytest

from tests.support.processes import PATIENCE, wait_until
from tests.support.uvicorn import serve

pytestmark = pytest.mark.process

SUB = """
from pathlib import Path

from fastapi import FastAPI

from afterword import Afterword, BackgroundTasks


def note(text: str) -> None:
    Path("noted").write_text(text)


sub = FastAPI()
{sub}


@sub.post("/")
def add(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(note, "yes")


app = FastAPI()
{app}
app.mount("/sub", sub)
"""

WARNING = (
    "no worker runs the jobs of main:sub: its lifespan never ran, as that of a mounted application does not, so it has started"
    " none. Give the Afterword to the application that is served, or start a worker: afterword worker main:sub\n"
)


def test_a_mounted_application_that_keeps_a_worker_is_told_that_it_does_not(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SUB.format(sub="Afterword(sub)", app=""))

    with serve(tmp_path) as server:
        for _ in range(2):
            assert httpx.post(f"{server.address}/sub/", timeout=PATIENCE).status_code == 200
        wait_until(lambda: WARNING in server.said(), "the warning")
        server.stop()

    assert server.said().count(f"WARNING   afterword[{server.process.pid}] {WARNING}") == 1


def test_the_afterword_of_the_outer_application_serves_a_mounted_one(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SUB.format(sub="", app="Afterword(app)"))

    with serve(tmp_path) as server:
        assert httpx.post(f"{server.address}/sub/", timeout=PATIENCE).status_code == 200
        wait_until((tmp_path / "noted").exists, "the task to run")
        server.stop()

    assert "lifespan" not in server.said()
