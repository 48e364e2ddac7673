"""A Celery application as a team has it, which knows afterword; its broker is the server at $BROKER."""

import os
import time

from celery import Celery
from ledger import note

from afterword.handoff.celery import install

mill = Celery("mill", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
mill.conf.update(
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    broker_transport_options={"visibility_timeout": int(os.environ.get("VISIBILITY_TIMEOUT", 3600))},
    **({"task_acks_late": True, "task_reject_on_worker_lost": True} if "ACKS_LATE" in os.environ else {}),
    **({"result_expires": int(os.environ["RESULT_EXPIRES"])} if "RESULT_EXPIRES" in os.environ else {}),
)
install(mill, lease=2.0)


@mill.task
def polish(number: int, seconds: float = 0.0) -> int:
    """Theirs."""
    note(number, "start")
    time.sleep(seconds)
    note(number, "end")
    return number


@mill.task
def break_off(number: int) -> None:
    note(number, "start")
    raise ValueError(f"number {number} breaks off")


@mill.task(bind=True, max_retries=3)
def insist(self, number: int) -> int:
    """Tries again, as it says itself."""
    note(number, "start")
    if self.request.retries < 2:
        raise self.retry(countdown=0.05)
    note(number, "end")
    return int(self.request.retries)


@mill.task
def linger_in_celery(number: int) -> int:
    """Would take for ever, unless it did so before."""
    note(number, "start")
    if not os.path.exists(f"lingered-{number}"):
        open(f"lingered-{number}", "w").close()
        time.sleep(3600)
    note(number, "end")
    return number
