"""What the machine brings along: Python, SQLite, a loop."""

import importlib.util
import platform
import sqlite3
from collections.abc import Iterator

from afterword.doctor.finding import Finding, Level
from afterword.stores.sqlite.connection import OLDEST

Version = tuple[int, ...]

_FIRST_RACING: Version = (3, 7, 0)
_FIRST_SAFE: Version = (3, 51, 3)
_BACKPORTS: tuple[Version, ...] = ((3, 44, 6), (3, 50, 7))


def examine() -> Iterator[Finding]:
    yield Finding(Level.FINE, f"Python is {platform.python_version()}.")
    yield from sqlite(sqlite3.sqlite_version_info)
    yield loop(found=importlib.util.find_spec("uvloop") is not None)


def sqlite(version: Version) -> Iterator[Finding]:
    """Whether this SQLite can be used."""
    said = _text(version)
    if version < OLDEST:
        yield Finding(
            Level.FAULT,
            f"SQLite is {said}, which is too old: {_text(OLDEST)} is needed.",
            "Use a Python that was built with a newer SQLite.",
        )
        return
    yield Finding(Level.FINE, f"SQLite is {said}.")


def beside(version: Version) -> Iterator[Finding]:
    """Whether others may write beside us."""
    if races(version):
        what = "Let nothing but afterword write to the store's file: before SQLite 3.51.3, a commit could be lost by that."
        yield Finding(Level.NOTE, what)


def races(version: Version) -> bool:
    """Whether a checkpoint that meets the start of a new log can lose commits in it."""
    mended = any(version[:2] == first[:2] and version >= first for first in _BACKPORTS)
    return _FIRST_RACING <= version < _FIRST_SAFE and not mended


def loop(*, found: bool) -> Finding:
    if found:
        return Finding(Level.FINE, "uvloop is installed.")
    return Finding(
        Level.NOTE,
        "uvloop is not installed: coroutines run on asyncio's own loop, which is slower.",
        'pip install "afterword[standard]"',
    )


def _text(version: Version) -> str:
    return ".".join(map(str, version))
