"""Adds jobs to litequeue in bulk: `python -m benchmarks.subjects.litequeue.fill TASK COUNT [SECONDS]`."""

import json
import sys
import time

from benchmarks.subjects.litequeue.queue import data, opened


def fill(task: str, count: int, seconds: float = 0) -> float:
    """One by one, in transactions of a thousand."""
    queue = opened()
    began = time.perf_counter()
    for first in range(0, count, 1_000):
        with queue.transaction(mode="IMMEDIATE"):
            for number in range(first, min(count, first + 1_000)):
                queue.put(data(task, number, seconds))
    spent = time.perf_counter() - began
    queue.close()
    return spent


if __name__ == "__main__":
    name, count, *seconds = sys.argv[1:]
    print(json.dumps({"seconds": fill(name, int(count), *map(float, seconds))}))
