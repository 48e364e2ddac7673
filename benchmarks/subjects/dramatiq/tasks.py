"""The broker, and the tasks as actors; all as by default."""

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks import work

dramatiq.set_broker(RedisBroker(url=os.environ["BENCH_REDIS"]))


@dramatiq.actor
def noop(number: int) -> None:
    work.noop(number)


@dramatiq.actor
def stamp(number: int) -> None:
    work.stamp(number)


@dramatiq.actor
def rest(number: int, seconds: float) -> None:
    work.rest(number, seconds)


@dramatiq.actor
def burn(number: int, seconds: float) -> None:
    work.burn(number, seconds)


BY_NAME: dict[str, dramatiq.Actor] = {"noop": noop, "stamp": stamp, "rest": rest, "burn": burn}


def arguments(task: str, number: int, seconds: float) -> tuple[float, ...]:
    """What the task is called with."""
    return (number, seconds) if task in ("rest", "burn") else (number,)
