"""What docket runs. Its tasks are coroutines, so what blocks goes to a thread, as Python's documentation of asyncio says."""

import asyncio

from benchmarks import work


async def noop(number: int) -> None:
    work.noop(number)


async def stamp(number: int) -> None:
    work.stamp(number)


async def rest(number: int, seconds: float) -> None:
    await asyncio.to_thread(work.rest, number, seconds)


async def burn(number: int, seconds: float) -> None:
    await asyncio.to_thread(work.burn, number, seconds)


TASKS = [noop, stamp, rest, burn]
"""Named on the command line of the workers."""

BY_NAME = {task.__name__: task for task in TASKS}

TIMED = {"rest", "burn"}
"""Those that are told for how long."""
