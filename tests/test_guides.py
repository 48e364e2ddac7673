"""Every block of the guides is run, in the order in which a reader meets it, with a real broker and real workers."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.documents import PATH, Block, blocks, dialogue, expect, python
from tests.support.processes import descendants, wait_until
from tests.support.uvicorn import serve
from tests.support.valkey import valkey

pytestmark = pytest.mark.process

GUIDES = Path(__file__).parents[1] / "docs" / "guides"

BROKER = "redis://127.0.0.1:6379/0"
ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def broker() -> Iterator[str]:
    with valkey() as server:
        yield server.url


def test_you_already_have_celery(tmp_path: Path, broker: str) -> None:
    work, main, start, ask = read("you-already-have-celery", broker)
    for module in (work, main):
        write(module, tmp_path)

    orders(tmp_path, start, ask)

    assert {job["task"]: job["result"] for job in jobs(tmp_path)} == {
        "work.reserve": "goods of order 7",
        "main:write_invoice": "invoice-7.pdf",
    }


def test_you_already_have_rq(tmp_path: Path, broker: str) -> None:
    main, start, ask = read("you-already-have-rq", broker)
    write(main, tmp_path)

    orders(tmp_path, start, ask)

    assert {job["task"]: job["result"] for job in jobs(tmp_path)} == {
        "main.reserve": "goods of order 7",
        "main:write_invoice": "invoice-7.pdf",
    }


def test_from_background_tasks_to_celery_and_back(tmp_path: Path, broker: str) -> None:
    main, written_down, handed_off, work, back, left = read("from-background-tasks-to-celery-and-back", broker)
    write(main, tmp_path)
    upload(tmp_path, "stock")

    change(written_down, tmp_path / "main.py")
    upload(tmp_path, "written down")

    change(handed_off, tmp_path / "main.py")
    with running(work.text.removeprefix("$ "), tmp_path):
        upload(tmp_path, "handed off")

    change(back, tmp_path / "main.py")
    upload(tmp_path, "back")
    wait_until(lambda: len(jobs(tmp_path, "--state", "succeeded")) == 3, "the end of all jobs")
    for command, _ in dialogue(left.text):
        expect(command, "", tmp_path)
    assert [job["via"] for job in jobs(tmp_path)] == [None, "celery", None]


REMINDERS = """
def send_reminder(user: str) -> None: ...


@app.post("/reminders")
async def reminders() -> int:
    await remind(["ada", "grace", "joan"])
    return gc.get_freeze_count()
"""


def test_under_heavy_load(tmp_path: Path, broker: str) -> None:
    main, batch, apart = read("under-heavy-load", broker)
    (tmp_path / "main.py").write_text(f"{main.text}\n\n{batch.text}\n{REMINDERS}")

    with serve(tmp_path) as server:
        assert httpx.post(f"{server.address}/reminders").json() > 1000
        wait_until(lambda: len(jobs(tmp_path, "--state", "succeeded")) == 3, "the end of all reminders")

    wait_until(lambda: not workers(tmp_path), "the end of the application's own worker")
    (first, _), (second, _) = dialogue(apart.text)
    with running(first, tmp_path), running(second, tmp_path):
        wait_until(lambda: len(workers(tmp_path)) == 2, "two workers")
        with serve(tmp_path) as server:
            httpx.post(f"{server.address}/reminders")
            wait_until(lambda: len(jobs(tmp_path, "--state", "succeeded")) == 6, "the end of all reminders")
            assert len(workers(tmp_path)) == 2
            assert not descendants(server.process.pid)


def test_all_guides_are_tested() -> None:
    assert {guide.stem for guide in GUIDES.glob("*.md")} == {
        "from-background-tasks-to-celery-and-back",
        "under-heavy-load",
        "you-already-have-celery",
        "you-already-have-rq",
    }


def read(name: str, broker: str) -> list[Block]:
    """Its blocks, with this broker."""
    return blocks((GUIDES / f"{name}.md").read_text().replace(BROKER, broker))


def write(module: Block, folder: Path) -> None:
    """Its first line names its file."""
    (folder / module.text.partition("\n")[0].removeprefix("# ")).write_text(module.text)


def change(diff: Block, file: Path) -> None:
    """Each hunk, a part between two pairs of empty lines, is in the file once."""
    text = file.read_text()
    for hunk in diff.text.split("\n\n\n"):
        lines = hunk.strip("\n").splitlines()
        before = "\n".join(line[2:] for line in lines if line[:1] != "+")
        after = "\n".join(line[2:] for line in lines if line[:1] != "-")
        assert text.count(before) == 1, (before, text)
        text = text.replace(before, after)
    file.write_text(text)


def orders(folder: Path, start: Block, ask: Block) -> None:
    """Worker and application are started, and asked; until the jobs have succeeded."""
    (worker, _), (application, _) = dialogue(start.text)
    assert application == "uvicorn main:app"
    with serve(folder) as server, running(worker, folder):
        asked, listed = dialogue(ask.text.replace(ADDRESS, server.address))
        expect(*asked, folder)
        wait_until(lambda: len(jobs(folder, "--state", "succeeded")) == 2, "the end of both tasks")
        expect(*listed, folder)


def upload(folder: Path, image: str) -> None:
    """Until its task has run."""
    log = folder / "log.txt"
    with serve(folder) as server:
        assert httpx.post(f"{server.address}/images/{image}").status_code == 202
        wait_until(lambda: log.exists() and log.read_text().splitlines()[-1:] == [f"{image} resized"], f"{image!r} in the log")
        wait_until(lambda: all(job["state"] == "succeeded" for job in jobs(folder)), "the end of its job")


def jobs(folder: Path, *told: str) -> list[dict[str, Any]]:
    """Of the application in the folder, newest first; none where it has no store."""
    if not (folder / "afterword.db").exists():
        return []
    listed = python("-m", "afterword", "jobs", "list", "--json", *told, folder=folder)
    ids = [job["id"] for job in json.loads(listed.stdout)]
    return [json.loads(python("-m", "afterword", "jobs", "show", id, "--json", folder=folder).stdout) for id in ids]


def workers(folder: Path) -> list[Path]:
    """The sockets of those that live."""
    return list((folder / "afterword.db.run").glob("*.wake"))


@contextmanager
def running(command: str, folder: Path) -> Iterator[None]:
    """A worker; killed at the end, with its children."""
    with (folder / "worker.log").open("ab") as output:
        process = subprocess.Popen(
            [Path(sys.executable).with_name(command.split()[0]), *command.split()[1:]],
            cwd=folder,
            env={**PATH, "TMPDIR": str(folder)},  # It is killed, and leaves something there.
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield
    finally:
        for pid in [*descendants(process.pid), process.pid]:
            os.kill(pid, signal.SIGKILL)
        process.wait()
