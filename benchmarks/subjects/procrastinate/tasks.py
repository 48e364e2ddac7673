"""What procrastinate runs: coroutines on the event loop, what blocks as a function, which it runs in a thread."""

import os

from procrastinate import App, PsycopgConnector

from benchmarks import work

app = App(connector=PsycopgConnector(conninfo=os.environ["BENCH_POSTGRES"], min_size=4, max_size=20))
"""Named in the environment of the workers."""


@app.task(name="noop")
async def noop(number: int) -> None:
    work.noop(number)


@app.task(name="stamp")
async def stamp(number: int) -> None:
    work.stamp(number)


@app.task(name="rest")
def rest(number: int, seconds: float) -> None:
    work.rest(number, seconds)


@app.task(name="burn")
def burn(number: int, seconds: float) -> None:
    work.burn(number, seconds)


BY_NAME = {"noop": noop, "stamp": stamp, "rest": rest, "burn": burn}


def arguments(task: str, number: int, seconds: float) -> dict[str, float]:
    """What a job of the task is added with."""
    return {"number": number, "seconds": seconds} if task in {"rest", "burn"} else {"number": number}
