"""Adds a hundred at a time: Taskiq has no call for many."""

import asyncio
import json
import sys
import time

import uvloop

from benchmarks.subjects.taskiq.tasks import BY_NAME, arguments, broker

_AT_ONCE = 100


async def fill(task: str, count: int, seconds: float) -> float:
    """The seconds that adding took."""
    called = BY_NAME[task]
    await broker.startup()
    began = time.monotonic()
    for first in range(0, count, _AT_ONCE):
        some = range(first, min(first + _AT_ONCE, count))
        await asyncio.gather(*(called.kiq(*arguments(task, number, seconds)) for number in some))
    took = time.monotonic() - began
    await broker.shutdown()
    return took


if __name__ == "__main__":
    took = uvloop.run(fill(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) if sys.argv[3:] else 0))
    print(json.dumps({"seconds": took}))
