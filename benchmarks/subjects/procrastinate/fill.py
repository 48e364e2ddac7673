"""Adds jobs to procrastinate in bulk: `python -m benchmarks.subjects.procrastinate.fill TASK COUNT [SECONDS]`."""

import asyncio
import json
import sys
import time

from benchmarks.subjects.procrastinate.tasks import BY_NAME, app, arguments


async def fill(task: str, count: int, seconds: float = 0) -> float:
    """By its batches, of a thousand each."""
    async with app.open_async():
        began = time.perf_counter()
        for first in range(0, count, 1_000):
            batch = (arguments(task, number, seconds) for number in range(first, min(count, first + 1_000)))
            await BY_NAME[task].batch_defer_async(*batch)
        return time.perf_counter() - began


if __name__ == "__main__":
    name, count, *seconds = sys.argv[1:]
    print(json.dumps({"seconds": asyncio.run(fill(name, int(count), *map(float, seconds)))}))
