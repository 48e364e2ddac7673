"""Adds by `enqueue_many`, in pipelines of a thousand jobs."""

import asyncio
import json
import sys
import time

from benchmarks.subjects.streaq.tasks import call, worker

BATCH = 1_000


async def main(task: str, count: int, seconds: float) -> None:
    async with worker:
        began = time.monotonic()
        for first in range(0, count, BATCH):
            await worker.enqueue_many([call(task, number, seconds) for number in range(first, min(first + BATCH, count))])
        print(json.dumps({"seconds": time.monotonic() - began}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0))
