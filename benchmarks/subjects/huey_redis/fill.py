"""Adds one by one: Huey has no call for many that is quicker (`map` adds one by one, too)."""

import json
import sys
import time

from benchmarks.subjects.huey_redis.tasks import BY_NAME, arguments, huey


def fill(task: str, count: int, seconds: float) -> float:
    """The seconds that adding took."""
    called = BY_NAME[task]
    huey.pending_count()  # It connects when it is first asked.
    began = time.monotonic()
    for number in range(count):
        called(*arguments(task, number, seconds))
    return time.monotonic() - began


if __name__ == "__main__":
    print(json.dumps({"seconds": fill(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) if sys.argv[3:] else 0)}))
