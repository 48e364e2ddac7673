"""Test runs of their own, of an application as a user of afterword would have it."""

import os
import subprocess
import sys
from pathlib import Path

APPLICATION = """
import os
from fastapi import FastAPI
from afterword import Afterword, BackgroundTasks

app = FastAPI()
afterword = Afterword(app{arguments})


def write(word: str) -> None:
    with open("log.txt", "a") as log:
        log.write(f"{{word}} {{os.getpid()}}\\n")


@app.post("/{{word}}")
async def endpoint(word: str, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(write, word)
"""


def run(folder: Path, tests: str, *options: str, arguments: str = "") -> str:
    """What pytest says to these tests of the application; they must pass."""
    ran = run_any(folder, tests, *options, arguments=arguments)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def run_any(
    folder: Path, tests: str, *options: str, arguments: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same, whatever comes of it."""
    (folder / "main.py").write_text(APPLICATION.format(arguments=arguments))
    (folder / "test_it.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-c", "pytest.ini", "-p", "no:cacheprovider", *options]
    if not (folder / "pytest.ini").exists():
        (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    known = os.environ | environment
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=100, env=known)


def configure(folder: Path, store: str) -> None:
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = .\nafterword_store = {store}\n")


def files(folder: Path) -> set[str]:
    """What lies there that the test run made."""
    return {path.name for path in folder.iterdir()} - {"main.py", "test_it.py", "pytest.ini", "__pycache__"}
