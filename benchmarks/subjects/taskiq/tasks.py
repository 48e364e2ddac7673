"""The broker and the result backend that taskiq-redis recommends. What would block the loop is a `def`, run in a thread."""

import os

from taskiq import AsyncTaskiqDecoratedTask
from taskiq_redis import RedisAsyncResultBackend, RedisStreamBroker

from benchmarks import work

_address = os.environ["BENCH_REDIS"]
broker = RedisStreamBroker(url=_address).with_result_backend(RedisAsyncResultBackend(redis_url=_address, result_ex_time=1000))


@broker.task
async def noop(number: int) -> None:
    work.noop(number)


@broker.task
async def stamp(number: int) -> None:
    work.stamp(number)


@broker.task
def rest(number: int, seconds: float) -> None:
    work.rest(number, seconds)


@broker.task
def burn(number: int, seconds: float) -> None:
    work.burn(number, seconds)


BY_NAME: dict[str, AsyncTaskiqDecoratedTask] = {"noop": noop, "stamp": stamp, "rest": rest, "burn": burn}


def arguments(task: str, number: int, seconds: float) -> tuple[float, ...]:
    """What the task is called with."""
    return (number, seconds) if task in ("rest", "burn") else (number,)
