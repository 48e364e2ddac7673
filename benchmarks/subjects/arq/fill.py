"""arq adds one job at a time; so many at once from as many coroutines."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator

from arq import create_pool
from arq.connections import ArqRedis

from benchmarks.subjects.arq.tasks import REDIS, arguments

AT_ONCE = 32


async def main(task: str, count: int, seconds: float) -> None:
    redis = await create_pool(REDIS)
    numbers = iter(range(count))
    began = time.monotonic()
    await asyncio.gather(*(_add(redis, task, numbers, seconds) for _ in range(AT_ONCE)))
    print(json.dumps({"seconds": time.monotonic() - began}))
    await redis.aclose()


async def _add(redis: ArqRedis, task: str, numbers: Iterator[int], seconds: float) -> None:
    for number in numbers:
        await redis.enqueue_job(task, *arguments(task, number, seconds))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0))
