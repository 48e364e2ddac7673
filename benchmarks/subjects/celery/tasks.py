"""The Celery app: broker and results in Redis, all else as by default."""

import os

from celery import Celery
from celery.app.task import Task

from benchmarks import work

app = Celery("bench", broker=os.environ["BENCH_REDIS"], backend=os.environ["BENCH_REDIS"])
app.conf.broker_connection_retry_on_startup = True  # The default is to warn that one has to choose.


@app.task
def noop(number: int) -> None:
    work.noop(number)


@app.task
def stamp(number: int) -> None:
    work.stamp(number)


@app.task
def rest(number: int, seconds: float) -> None:
    work.rest(number, seconds)


@app.task
def burn(number: int, seconds: float) -> None:
    work.burn(number, seconds)


BY_NAME: dict[str, Task] = {"noop": noop, "stamp": stamp, "rest": rest, "burn": burn}


def arguments(task: str, number: int, seconds: float) -> tuple[float, ...]:
    """What the task is called with."""
    return (number, seconds) if task in ("rest", "burn") else (number,)
