"""Adds many jobs at once from a script, a thousand in each transaction."""

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
    began = time.perf_counter()
    for first in range(0, count, TOGETHER):
        numbers = range(first, min(first + TOGETHER, count))
        async with afterword.batch() as tasks:
            for number in numbers:
                tasks.add_task(function, number, *more)
    return time.perf_counter() - began


if __name__ == "__main__":
    told = sys.argv[1:]
    took = asyncio.run(fill(told[0], int(told[1]), float(told[2]) if told[2:] else 0))
    print(json.dumps({"seconds": took}))
