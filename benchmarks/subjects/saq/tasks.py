"""Coroutines, and functions for what blocks: SAQ runs those in threads."""

import os
from typing import Any

from saq import Queue

from benchmarks import work

queue = Queue.from_url(os.environ["BENCH_REDIS"])


async def noop(context: dict[str, Any], *, number: int) -> None:
    work.noop(number)


async def stamp(context: dict[str, Any], *, number: int) -> None:
    work.stamp(number)


def rest(context: dict[str, Any], *, number: int, seconds: float) -> None:
    work.rest(number, seconds)


def burn(context: dict[str, Any], *, number: int, seconds: float) -> None:
    work.burn(number, seconds)


def arguments(task: str, number: int, seconds: float) -> dict[str, float]:
    return {"number": number, "seconds": seconds} if task in ("rest", "burn") else {"number": number}


settings = {"queue": queue, "functions": [noop, stamp, rest, burn]}
