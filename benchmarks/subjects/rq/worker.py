"""One worker of the class named on the command line. RQ documents such programs, to import before the forks."""

import os
import sys

import rq
from redis import Redis

from benchmarks import work


def main(kind: str) -> None:
    if kind == "Worker":
        work.share()
    worker: rq.worker.BaseWorker = getattr(rq, kind)(["default"], connection=Redis.from_url(os.environ["BENCH_REDIS"]))
    worker.work(logging_level="WARNING")


if __name__ == "__main__":
    main(sys.argv[1])
