"""What PgQueuer's workers run. Its tasks are coroutines; what blocks goes to a thread, as its documentation says."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pgqueuer import PgQueuer
from pgqueuer.adapters.connections import connect_asyncpg
from pgqueuer.models import Job

from benchmarks import work


def payload(task: str, number: int, seconds: float) -> bytes:
    """The arguments of a task, as bytes: what a job of PgQueuer carries."""
    return json.dumps([number, seconds] if task in {"rest", "burn"} else [number]).encode()


@asynccontextmanager
async def main() -> AsyncIterator[PgQueuer]:
    """Named on the command line of the workers."""
    async with connect_asyncpg() as connection:
        queuer = PgQueuer.from_asyncpg_connection(connection)

        @queuer.entrypoint("noop")
        async def noop(job: Job) -> None:
            work.noop(*json.loads(job.payload))

        @queuer.entrypoint("stamp")
        async def stamp(job: Job) -> None:
            work.stamp(*json.loads(job.payload))

        @queuer.entrypoint("rest")
        async def rest(job: Job) -> None:
            await asyncio.to_thread(work.rest, *json.loads(job.payload))

        @queuer.entrypoint("burn")
        async def burn(job: Job) -> None:
            await asyncio.to_thread(work.burn, *json.loads(job.payload))

        yield queuer
