"""An application's tasks and a team's RQ functions beside them."""

import asyncio
import os
import time
from pathlib import Path

from afterword import Retry, task


def note(line: str) -> None:
    with Path(os.environ["SHOP_LEDGER"]).open("a") as ledger:
        ledger.write(f"{line} {os.getpid()}\n")


def double(number: int) -> int:
    note(f"double {number}")
    return 2 * number


async def double_later(number: int) -> int:
    note(f"double_later {number}")
    await asyncio.sleep(0)
    return 2 * number


def loop_of_its_own() -> int:
    return asyncio.run(asyncio.sleep(0, 7))


@task(name="raise in rq", retry=Retry(not_on=(KeyError,)))
def raise_(kind: str) -> None:
    note(f"raise {kind}")
    raise {"key": KeyError, "value": ValueError}[kind]("no")


def hold(name: str) -> str:
    """Until the file `name` appears beside the ledger."""
    note(f"hold {name}")
    while not Path(os.environ["SHOP_LEDGER"]).with_name(name).exists():
        time.sleep(0.02)
    note(f"held {name}")
    return name


@task(name="hold_once in rq", at_most_once=True)
def hold_once(name: str) -> str:
    return hold(name)


async def hang() -> None:
    note("hang")
    await asyncio.Event().wait()


# The team's own, decorated in tests


def add(first: int, second: int) -> int:
    note(f"add {first}")
    return first + second


def stumble() -> None:
    note("stumble")
    raise ValueError("their fault")


def hold_theirs(name: str) -> str:
    return hold(name)
