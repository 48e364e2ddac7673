"""The tasks. What blocks is a plain function, as it should be."""

from collections.abc import Callable
from typing import Any

from benchmarks import work


async def noop(number: int) -> None:
    work.noop(number)


def noop_sync(number: int) -> None:
    work.noop(number)


async def stamp(number: int) -> None:
    work.stamp(number)


def rest(number: int, seconds: float) -> None:
    work.rest(number, seconds)


def burn(number: int, seconds: float) -> None:
    work.burn(number, seconds)


def write_notification(email: str, message: str = "") -> None:
    """The sample of FastAPI's documentation, but that it appends."""
    with (work.folder() / "log.txt").open(mode="a") as log:
        log.write(f"notification for {email}: {message}\n")


BY_NAME: dict[str, Callable[..., Any]] = {"noop": noop, "noop_sync": noop_sync, "stamp": stamp, "rest": rest, "burn": burn}
LONG = {"rest", "burn"}
