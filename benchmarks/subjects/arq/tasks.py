"""Coroutines; what blocks goes to a thread, as arq's documentation shows."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from arq.connections import RedisSettings

from benchmarks import work

REDIS = RedisSettings.from_dsn(os.environ["BENCH_REDIS"])
QUIET = {"version": 1, "disable_existing_loggers": False, "loggers": {"arq": {"level": "WARNING"}}}


async def noop(context: dict[str, Any], number: int) -> None:
    work.noop(number)


async def stamp(context: dict[str, Any], number: int) -> None:
    work.stamp(number)


async def rest(context: dict[str, Any], number: int, seconds: float) -> None:
    await asyncio.get_running_loop().run_in_executor(context["threads"], work.rest, number, seconds)


async def burn(context: dict[str, Any], number: int, seconds: float) -> None:
    await asyncio.get_running_loop().run_in_executor(context["threads"], work.burn, number, seconds)


async def startup(context: dict[str, Any]) -> None:
    context["threads"] = ThreadPoolExecutor(10)  # As many as arq runs at once.


async def shutdown(context: dict[str, Any]) -> None:
    context["threads"].shutdown()


def arguments(task: str, number: int, seconds: float) -> tuple[int] | tuple[int, float]:
    return (number, seconds) if task in ("rest", "burn") else (number,)


class WorkerSettings:
    functions = (noop, stamp, rest, burn)
    redis_settings = REDIS
    on_startup = startup
    on_shutdown = shutdown
    poll_delay = 0.05  # By default it reads 100 jobs every 0.5 s, so a worker runs 200 of them a second at most.
