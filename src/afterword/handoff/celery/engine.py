"""Our end: hands jobs to Celery, and asks what became of them."""

import json
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from kombu.exceptions import OperationalError

from afterword.clock import SECOND
from afterword.errors import HandOffRefused
from afterword.handoff.celery import broker
from afterword.handoff.celery.broker import Broker
from afterword.handoff.celery.install import NAME
from afterword.handoff.celery.receipt import Receipt
from afterword.handoff.celery.results import Results, marks, readable
from afterword.handoff.celery.rounds import Rounds
from afterword.handoff.celery.sightings import Meta, Search, after_search, at_first_sight
from afterword.handoff.engine import EngineAway, Handed, Offer, Sighting, Underway
from afterword.handoff.envelope import write_offer
from afterword.handoff.marks import Mark, Marks

SEARCH_EVERY = 10.0
"""Seconds between searches of queues and workers for a job. How dear they are decides this; no search concludes from time."""

GRACE = 1.0, 5.0
"""Seconds after its timeout until Celery raises in a task, and until it then kills the task's process."""


class Celery:
    """An Engine that hands jobs to this Celery application, to `queue` or to where its own routes lead."""

    kind = "celery"

    def __init__(self, celery_app: Any, *, queue: str | None = None, search_every: float = SEARCH_EVERY) -> None:
        self._app = celery_app
        self._queue = queue
        self._rounds = Rounds(search_every)
        self._broker = Broker(celery_app)
        self._lock = threading.Lock()
        self._kept: tuple[Results, Marks | None] | None = None

    def submit(self, offer: Offer) -> str:
        if not offer.foreign and not readable(self._app) and self._keep()[1] is None:
            raise HandOffRefused(
                task=offer.task,
                engine="Celery",
                why="its outcome could not be read here, since this Celery application has no result backend that other "
                "processes read",
                mend='Give it one, for example Celery(..., backend="redis://127.0.0.1:6379/1").',
            )
        mark = self._mark(offer.id)
        receipt = self._receipt(offer, mark)
        if self._there_already(offer, mark, receipt):
            return receipt.dump()
        with self._kept_in() as (results, kept):
            if offer.token > mark.offered:
                results.forget(receipt.task_id)
            if kept is not None:
                kept.offer(offer.id, offer.token)
        with self._broker.kept() as connection:
            self._publish(offer, receipt, connection)
        return receipt.dump()

    def look(self, handed: Sequence[Handed]) -> Sequence[Sighting]:
        receipts = [Receipt.load(one.receipt) for one in handed]
        found = self._found(handed, receipts)
        sighted = [at_first_sight(one, *known) for one, known in zip(handed, found, strict=True)]
        unclear = [place for place, sighting in enumerate(sighted) if sighting is None]
        if self._rounds.due([handed[place].id for place in unclear], time.monotonic()):
            some, theirs = [handed[place] for place in unclear], [receipts[place] for place in unclear]
            doubtful = {receipts[place].task_id for place in unclear if not handed[place].foreign}
            searched = self._search(theirs, doubtful)
            # What mark and result say now: it may have ended meanwhile.
            for place, one, receipt, known in zip(unclear, some, theirs, self._found(some, theirs), strict=True):
                found[place] = known
                sighted[place] = at_first_sight(one, *known) or after_search(one, receipt, *known, searched)
        self._remember_revoked(handed, found)
        together = zip(handed, sighted, found, strict=True)
        return [sighting or _underway(one, *known) for one, sighting, known in together]

    def cancel(self, handed: Sequence[Handed]) -> None:
        receipts = [Receipt.load(one.receipt) for one in handed]
        with self._kept_in() as (_, kept):
            known = kept.read([one.id for one in handed]) if kept is not None else [Mark()] * len(handed)
            fresh = [receipt for one, receipt, mark in zip(handed, receipts, known, strict=True) if mark.cancelled < one.token]
            if kept is not None:
                for one in handed:
                    kept.cancel(one.id, one.token)
        with self._broker.fresh() as connection:
            if fresh:
                broker.take_out(connection, {receipt.task_id for receipt in fresh}, self._queues(fresh))
            # Again each time: a worker that was not there before has not heard it.
            broker.revoke(self._app, connection, [receipt.task_id for receipt in receipts])

    def close(self) -> None:
        self._broker.close()

    def _receipt(self, offer: Offer, mark: Mark) -> Receipt:
        # Celery's workers refuse for hours an id that was once revoked.
        task_id = f"{offer.id}-{offer.token}" if 0 < mark.cancelled < offer.token else offer.id
        with self._broker.kept() as connection:
            run = broker.number(connection)  # Before it is published: if it is restarted in between, that is seen.
        with self._kept_in() as (results, _):
            marked = results.number() or run  # Without Redis behind the results, the marks are with the broker.
        name = offer.task if offer.foreign else NAME
        task = self._app.tasks.get(name)
        own = {key: value for key in ("queue", "exchange", "routing_key") if (value := getattr(task, key, None))}
        queue = self._app.amqp.router.route({**own, **self._told_queue()}, name).get("queue")
        ignored = offer.foreign and (not readable(self._app) or _ignores(self._app, task))
        return Receipt(task_id, getattr(queue, "name", queue), run, marked, ignored)

    def _there_already(self, offer: Offer, mark: Mark, receipt: Receipt) -> bool:
        """Whether a hand-off of a foreign task that seemed to fail had not: Celery has it, or its success."""
        if not offer.foreign or not mark.offered or mark.cancelled >= mark.offered:
            return False
        with self._kept_in() as (results, _):
            [meta] = results.read([receipt.task_id])
        if meta.state == "SUCCESS":
            return True
        found = self._search([receipt])
        return receipt.task_id in found.found or receipt.task_id in found.held

    def _publish(self, offer: Offer, receipt: Receipt, connection: Any) -> None:
        options: dict[str, Any] = {"task_id": receipt.task_id, "connection": connection, "retry": False, **self._told_queue()}
        if offer.foreign:
            call = json.loads(offer.arguments)
            task = self._app.tasks.get(offer.task)
            if task is not None:
                task.apply_async(call["args"], call["kwargs"], add_to_parent=False, **options)
            else:
                self._app.send_task(offer.task, call["args"], call["kwargs"], add_to_parent=False, **options)
            return
        if offer.timeout is not None:
            soft, hard = (offer.timeout / SECOND + grace for grace in GRACE)
            options.update(soft_time_limit=soft, time_limit=hard)
        self._app.send_task(NAME, [write_offer(offer)], serializer="json", add_to_parent=False, **options)

    def _told_queue(self) -> dict[str, Any]:
        return {} if self._queue is None else {"queue": self._queue}

    def _found(self, handed: Sequence[Handed], receipts: Sequence[Receipt]) -> list[tuple[Mark, Meta]]:
        with self._kept_in() as (results, kept):
            # Results before marks: what ends in between is seen in the mark.
            metas = results.read([receipt.task_id for receipt in receipts])
            known = kept.read([one.id for one in handed]) if kept is not None else [Mark()] * len(handed)
        return list(zip(known, metas, strict=True))

    def _remember_revoked(self, handed: Sequence[Handed], found: Sequence[tuple[Mark, Meta]]) -> None:
        """Whoever revoked them: Celery's workers will refuse their ids."""
        together = zip(handed, found, strict=True)
        revoked = [one for one, (mark, meta) in together if meta.state == "REVOKED" and mark.cancelled < one.token]
        if revoked:
            with self._kept_in() as (_, kept):
                if kept is not None:
                    for one in revoked:
                        kept.cancel(one.id, one.token)

    def _search(self, receipts: Sequence[Receipt], doubtful: Collection[str] = ()) -> Search:
        ids = [receipt.task_id for receipt in receipts]
        with self._broker.fresh() as connection:
            found = broker.search(self._app, connection, ids, doubtful, self._queues(receipts))
        with self._kept_in() as (results, _):
            return found._replace(marks=results.number() or found.broker)

    def _queues(self, receipts: Sequence[Receipt]) -> set[str]:
        known = {str(name) for name in self._app.amqp.queues}
        return known | {receipt.queue for receipt in receipts if receipt.queue is not None}

    def _mark(self, id: str) -> Mark:
        with self._kept_in() as (_, kept):
            return kept.read([id])[0] if kept is not None else Mark()

    @contextmanager
    def _kept_in(self) -> Iterator[tuple[Results, Marks | None]]:
        """Results and marks. Whatever goes wrong with their server inside is EngineAway."""
        try:
            yield self._keep()
        except (OperationalError, redis.RedisError, OSError) as error:
            raise EngineAway(f"the result backend of Celery cannot be reached: {error}") from error

    def _keep(self) -> tuple[Results, Marks | None]:
        with self._lock:
            if self._kept is None:
                results = Results(self._app)
                self._kept = results, marks(self._app, results.client)
            return self._kept


def of(task: Any) -> Celery:
    """The engine that a Celery task of the team's own belongs to."""
    return Celery(task.app)


def _ignores(app: Any, task: Any) -> bool:
    return bool(app.conf.task_ignore_result if task is None else task.ignore_result)


def _underway(handed: Handed, mark: Mark, meta: Meta) -> Underway:
    begun = mark.begun == handed.token
    return Underway(begun or meta.state == "STARTED", mark.by if begun else None)
