"""SAQ adds one job at a time (its `batch` only aborts what was added when something fails); so many at once."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator

from benchmarks.subjects.saq.tasks import arguments, queue

AT_ONCE = 20  # So many operations the queue lets through at once, unless told otherwise.


async def main(task: str, count: int, seconds: float) -> None:
    await queue.connect()
    numbers = iter(range(count))
    began = time.monotonic()
    await asyncio.gather(*(_add(task, numbers, seconds) for _ in range(AT_ONCE)))
    print(json.dumps({"seconds": time.monotonic() - began}))
    await queue.disconnect()


async def _add(task: str, numbers: Iterator[int], seconds: float) -> None:
    for number in numbers:
        await queue.enqueue(task, **arguments(task, number, seconds))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0))
