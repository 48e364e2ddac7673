"""`python -m benchmarks.measures.growth_add COUNT BYTES TOGETHER`: add jobs with arguments of that size, so many at a time, to
afterword; print the seconds that it took, as one line of JSON."""

import asyncio
import json
import sys
import time

from benchmarks.measures.growth_task import sized
from benchmarks.subjects.afterword.app import afterword


async def add(count: int, size: int, together: int) -> float:
    """The next ones are added when the last are on disk."""
    text = "x" * size
    assert afterword.store is not None  # It is open now.
    began = time.perf_counter()
    for first in range(0, count, together):
        numbers = range(first, min(first + together, count))
        async with afterword.batch() as tasks:
            for number in numbers:
                tasks.add_task(sized, number, text)
    return time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps({"seconds": asyncio.run(add(*map(int, sys.argv[1:])))}))
