"""The Huey instance and its tasks, all as by default: on SQLite where BENCH_HUEY says so, else on Redis."""

import os

from huey import RedisHuey, SqliteHuey
from huey.api import TaskWrapper

from benchmarks import work

if os.environ.get("BENCH_HUEY") == "sqlite":
    huey = SqliteHuey("bench", filename=str(work.folder() / "huey.db"))
else:
    huey = RedisHuey("bench", url=os.environ["BENCH_REDIS"])


@huey.task()
def noop(number: int) -> None:
    work.noop(number)


@huey.task()
def stamp(number: int) -> None:
    work.stamp(number)


@huey.task()
def rest(number: int, seconds: float) -> None:
    work.rest(number, seconds)


@huey.task()
def burn(number: int, seconds: float) -> None:
    work.burn(number, seconds)


BY_NAME: dict[str, TaskWrapper] = {"noop": noop, "stamp": stamp, "rest": rest, "burn": burn}


def arguments(task: str, number: int, seconds: float) -> tuple[float, ...]:
    """What the task is called with."""
    return (number, seconds) if task in ("rest", "burn") else (number,)
