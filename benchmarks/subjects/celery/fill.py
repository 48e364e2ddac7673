"""Adds with one producer for all, as the guide says for many calls."""

import json
import sys
import time

from benchmarks.subjects.celery.tasks import BY_NAME, app, arguments


def fill(task: str, count: int, seconds: float) -> float:
    """The seconds that adding took."""
    called = BY_NAME[task]
    with app.producer_or_acquire() as producer:
        producer.connection.ensure_connection()
        began = time.monotonic()
        for number in range(count):
            called.apply_async(arguments(task, number, seconds), producer=producer)
        return time.monotonic() - began


if __name__ == "__main__":
    print(json.dumps({"seconds": fill(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) if sys.argv[3:] else 0)}))
