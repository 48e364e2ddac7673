"""What the machine brings along."""

import platform

import pytest

from afterword.doctor import machine
from afterword.doctor.finding import Finding, Level


@pytest.mark.parametrize(
    ("version", "racing"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_versions_that_race(version: tuple[int, ...], racing: bool) -> None:
    assert machine.races(version) is racing


def test_one_that_races_is_a_note() -> None:
    assert list(machine.beside((3, 40, 1))) == [
        Finding(
            Level.NOTE,
            "Let nothing but afterword write to the store's file: before SQLite 3.51.3, a commit could be lost by that.",
        )
    ]
    assert list(machine.beside((3, 53, 0))) == []
    assert list(machine.sqlite((3, 53, 0))) == [Finding(Level.FINE, "SQLite is 3.53.0.")]


def test_one_that_is_too_old() -> None:
    assert list(machine.sqlite((3, 36, 9))) == [
        Finding(
            Level.FAULT,
            "SQLite is 3.36.9, which is too old: 3.37.0 is needed.",
            "Use a Python that was built with a newer SQLite.",
        )
    ]


def test_the_loop() -> None:
    assert machine.loop(found=True) == Finding(Level.FINE, "uvloop is installed.")
    assert machine.loop(found=False) == Finding(
        Level.NOTE,
        "uvloop is not installed: coroutines run on asyncio's own loop, which is slower.",
        'pip install "afterword[standard]"',
    )


def test_all_of_it() -> None:
    assert next(iter(machine.examine())) == Finding(Level.FINE, f"Python is {platform.python_version()}.")
