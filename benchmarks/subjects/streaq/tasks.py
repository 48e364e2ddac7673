"""Coroutines, and functions for what blocks: streaQ runs those in threads."""

import os
from typing import Any

from streaq import Worker
from streaq.task import Task

from benchmarks import work

worker: Worker[Any] = Worker(redis_url=os.environ["BENCH_REDIS"])


@worker.task(silent=True)
async def noop(number: int) -> None:
    work.noop(number)


@worker.task(silent=True)
async def stamp(number: int) -> None:
    work.stamp(number)


@worker.task(silent=True)
def rest(number: int, seconds: float) -> None:
    work.rest(number, seconds)


@worker.task(silent=True)
def burn(number: int, seconds: float) -> None:
    work.burn(number, seconds)


def call(task: str, number: int, seconds: float) -> Task[Any, Any]:
    """Not added yet."""
    if task in ("rest", "burn"):
        return worker.registry[task].enqueue(number, seconds)
    return worker.registry[task].enqueue(number)
