"""Adds by `enqueue_many`, in pipelines of a thousand jobs."""

import json
import os
import sys
import time

from redis import Redis
from rq import Queue

from benchmarks.subjects.rq.tasks import TASKS, arguments

BATCH = 1_000


def main(task: str, count: int, seconds: float) -> None:
    queue = Queue(connection=Redis.from_url(os.environ["BENCH_REDIS"]))
    queue.connection.ping()
    began = time.monotonic()
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        queue.enqueue_many([Queue.prepare_data(TASKS[task], arguments(task, number, seconds)) for number in numbers])
    print(json.dumps({"seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 0)
