"""Adds jobs to PgQueuer in bulk: `python -m benchmarks.subjects.pgqueuer.fill TASK COUNT [SECONDS]`."""

import asyncio
import json
import os
import sys
import time

import asyncpg
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

from benchmarks.subjects.pgqueuer.tasks import payload


async def fill(task: str, count: int, seconds: float = 0) -> float:
    """With lists, one statement for each thousand."""
    connection = await asyncpg.connect(os.environ["BENCH_POSTGRES"])
    try:
        queries = Queries(AsyncpgDriver(connection))
        began = time.perf_counter()
        for first in range(0, count, 1_000):
            payloads = [payload(task, number, seconds) for number in range(first, min(count, first + 1_000))]
            await queries.enqueue([task] * len(payloads), payloads, [0] * len(payloads))
        return time.perf_counter() - began
    finally:
        await connection.close()


if __name__ == "__main__":
    name, count, *seconds = sys.argv[1:]
    print(json.dumps({"seconds": asyncio.run(fill(name, int(count), *map(float, seconds)))}))
