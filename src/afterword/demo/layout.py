"""The samples: where they are, and how they would read with FastAPI alone."""

import shutil
from pathlib import Path

from afterword.demo.failure import DemoFailed

HERE = Path(__file__).parent

PLACES = (HERE / "samples", HERE.parents[2] / "examples")
"""In an installed afterword, and in a clone of its repository."""

NAMES = ("images.py", "notifications.py", "welcome_mail.py")

APPLICATION = "everything"


def lay_out(folder: Path, *, with_afterword: bool, application: str = APPLICATION) -> None:
    """Put the application and its samples into `folder`, as they are, or with their import changed. Raises DemoFailed."""
    samples = next((place for place in PLACES if (place / NAMES[0]).is_file()), None)
    if samples is None:
        raise DemoFailed(why=f"its samples are missing, looked in {' and '.join(map(str, PLACES))}. Install afterword again.")
    package = folder / "examples"
    package.mkdir(parents=True)
    for name in NAMES:
        shutil.copyfile(samples / name, package / name)
    for name in {APPLICATION, application}:  # Every other one serves the tasks of this one.
        shutil.copyfile(HERE / f"{name}.py", folder / f"{name}.py")
    if not with_afterword:
        for path in (*package.iterdir(), folder / f"{APPLICATION}.py"):
            path.write_text(stock(path.read_text()))


def stock(source: str) -> str:
    """The same module with FastAPI's own BackgroundTasks."""
    kept = [line for line in source.splitlines() if not line.startswith(("Afterword(", "@task("))]
    return "\n".join("from fastapi import BackgroundTasks" if line.startswith("from afterword") else line for line in kept)
