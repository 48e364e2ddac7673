"""Coroutines run on uvloop where it is installed, else on asyncio's own loop."""

import subprocess
import sys

import httpx
import pytest

from tests.support.processes import wait_until
from tests.system.site import Site

pytestmark = pytest.mark.process

APPLICATION = """
import asyncio
from pathlib import Path
from fastapi import FastAPI
from afterword import Afterword, BackgroundTasks

app = FastAPI()
Afterword(app)


async def tell() -> None:
    Path("loop.txt").write_text(type(asyncio.get_running_loop()).__module__ + "\\n")


@app.post("/")
async def endpoint(background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(tell)
"""

WITHOUT = """
import sys
sys.modules["uvloop"] = None
from afterword.loops import new_event_loop
print(type(new_event_loop()).__module__)
"""


def test_a_runner_has_uvloop(site: Site) -> None:
    (site.folder / "looping.py").write_text(APPLICATION)
    server = site.serve("looping:app", "--loop", "asyncio")
    httpx.post(server.address).raise_for_status()
    told = site.folder / "loop.txt"
    wait_until(lambda: told.exists() and told.read_text().endswith("\n"), "the task")
    assert told.read_text() == "uvloop\n"


def test_without_uvloop_it_is_asyncio_s() -> None:
    told = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("asyncio.")
