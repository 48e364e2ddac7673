"""Adds jobs to docket in bulk: `python -m benchmarks.subjects.docket.fill TASK COUNT [SECONDS]`."""

import asyncio
import json
import os
import sys
import time

from docket import Docket

from benchmarks.subjects.docket.tasks import BY_NAME, TIMED


async def fill(task: str, count: int, seconds: float = 0) -> float:
    """In pipelines of a thousand, its default; calls are made a few thousand at a time, to hold little in memory."""
    async with Docket(name="bench", url=os.environ["BENCH_REDIS"]) as docket:
        function, more = BY_NAME[task], ((seconds,) if task in TIMED else ())
        began = time.perf_counter()
        for first in range(0, count, 10_000):
            await docket.add_many(docket.call(function)(number, *more) for number in range(first, min(count, first + 10_000)))
        return time.perf_counter() - began


if __name__ == "__main__":
    name, count, *seconds = sys.argv[1:]
    print(json.dumps({"seconds": asyncio.run(fill(name, int(count), *map(float, seconds)))}))
