"""A virtual environment for each subject, in `.bench/<name>`, made when its requirements have changed."""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.subject import Subject

_FOLDER = Path(__file__).resolve().parent.parent / ".bench"

_OURS = ["annotated-types", "fastapi", "httptools", "pydantic", "pydantic-core", "starlette", "uvicorn", "uvloop"]
"""What all subjects' endpoints are served with, in the versions of this environment."""


def python(subject: Subject, say: Callable[[str], None] = lambda _: None) -> Path:
    """The subject's interpreter; its environment is made first where there is none. Afterword has this process's own."""
    name = subject.environment or subject.name
    if name == "afterword":
        return Path(sys.executable)
    if not name:
        raise ValueError("the machine itself has no environment")
    folder = _FOLDER / name
    wanted = [*(f"{package}=={version(package)}" for package in _OURS), *_requirements(subject)]
    stamp = folder / ".ready"
    mark = hashlib.sha256("\n".join([sys.version, *wanted]).encode()).hexdigest()
    _FOLDER.mkdir(exist_ok=True)
    with (_FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Another run may be making it.
        if not stamp.exists() or stamp.read_text() != mark:
            say(f"making the environment of {name}")
            _make(folder, wanted)
            stamp.write_text(mark)
    return folder / "bin" / "python"


def spelt(command: Sequence[str], python: Path, environment: Mapping[str, str]) -> list[str]:
    """With the program as a path, and variables filled in."""
    program, *arguments = command
    path = python if program == "python" else python.parent / program
    return [str(path), *(filled_in(argument, environment) for argument in arguments)]


def filled_in(text: str, environment: Mapping[str, str]) -> str:
    """With $BENCH_... replaced."""
    return re.sub(r"\$(BENCH_[A-Z]+)", lambda found: environment[found[1]], text)


def _requirements(subject: Subject) -> Sequence[str]:
    if subject.environment is None:
        return subject.requirements
    module = __import__(f"benchmarks.subjects.{subject.environment}", fromlist=["SUBJECT"])
    requirements: Sequence[str] = module.SUBJECT.requirements
    return requirements


def _make(folder: Path, wanted: Sequence[str]) -> None:
    """RuntimeError with what pip said when it fails."""
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], [*pip, *wanted]):
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900, env=os.environ)
        if ran.returncode:
            raise RuntimeError(f"{' '.join(command)}\n{ran.stdout[-2000:]}{ran.stderr[-4000:]}")
