"""Functions that a team runs with RQ already; the server is that at $BROKER."""

import os
import time

from ledger import note
from redis import Redis
from rq import Queue
from rq.decorators import job

server = Redis.from_url(os.environ["BROKER"])
reports = Queue("reports", connection=server)


@job("reports", connection=server)
def publish(number: int, seconds: float = 0.0) -> int:
    note(number, "start")
    time.sleep(seconds)
    note(number, "end")
    return number


@job("reports", connection=server)
def tear(number: int) -> None:
    note(number, "start")
    raise ValueError(f"number {number} tears")


@job("reports", connection=server)
def linger_in_rq(number: int) -> int:
    """Would take for ever, unless it did so before."""
    note(number, "start")
    if not os.path.exists(f"lingered-{number}"):
        open(f"lingered-{number}", "w").close()
        time.sleep(3600)
    note(number, "end")
    return number
