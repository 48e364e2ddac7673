"""Adds many jobs at once from a script: two batches of a thousand at a time, so that one is made while the other is written."""

import asyncio
import json
import sys
import time

from benchmarks.subjects.afterword.app import afterword
from benchmarks.subjects.afterword.tasks import BY_NAME, LONG

TOGETHER = 1000


async def fill(task: str, count: int, seconds: float) -> float:
    """Seconds that it took."""
    function = BY_NAME[task]
    more = [seconds] if task in LONG else []
    assert afterword.store is not None  # It is open now.
    beginnings = iter(range(0, count, TOGETHER))

    async def add() -> None:
        for first in beginnings:
            async with afterword.batch() as tasks:
                for number in range(first, min(first + TOGETHER, count)):
                    tasks.add_task(function, number, *more)

    began = time.perf_counter()
    await asyncio.gather(add(), add())
    return time.perf_counter() - began


if __name__ == "__main__":
    told = sys.argv[1:]
    took = asyncio.run(fill(told[0], int(told[1]), float(told[2]) if told[2:] else 0))
    print(json.dumps({"seconds": took}))
