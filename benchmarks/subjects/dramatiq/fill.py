"""Adds one by one: Dramatiq has no call for many (a group sends its messages one by one, too)."""

import json
import sys
import time

import dramatiq

from benchmarks.subjects.dramatiq.tasks import BY_NAME, arguments


def fill(task: str, count: int, seconds: float) -> float:
    """The seconds that adding took."""
    actor = BY_NAME[task]
    dramatiq.get_broker().client.ping()
    began = time.monotonic()
    for number in range(count):
        actor.send(*arguments(task, number, seconds))
    return time.monotonic() - began


if __name__ == "__main__":
    print(json.dumps({"seconds": fill(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) if sys.argv[3:] else 0)}))
