"""Our end: hands jobs to RQ, and asks what became of them."""

import copy
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.command import send_stop_job_command
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.registry import StartedJobRegistry
from rq.timeouts import TimerDeathPenalty

from afterword.errors import HandOffRefused
from afterword.handoff.engine import EngineAway, Handed, Offer, Sighting, Underway
from afterword.handoff.marks import LEASE
from afterword.handoff.redis_marks import RedisMarks
from afterword.handoff.rq import decorated
from afterword.handoff.rq.calls import KEEP_TOLD, call
from afterword.handoff.rq.receipt import Receipt
from afterword.handoff.rq.records import DONE, Record, Records, results_key
from afterword.handoff.rq.sightings import sight

HASTE = {"socket_timeout": 5.0, "socket_connect_timeout": 3.0}
"""Seconds that a server is given where the queue's own connection would wait for ever."""


class RQ:
    """An Engine that hands jobs to this RQ queue. A function that `rq.job` decorates goes to the queue of its decorator.

    `lease`: seconds without a sign of life after which whoever ran one of our tasks in RQ is taken for dead.
    """

    kind = "rq"

    def __init__(self, queue: Any, *, lease: float = LEASE) -> None:
        self._lease = lease
        self._queue = copy.copy(queue)
        self._client = self._queue.connection = _hasty(queue.connection)
        self._hasty = self._client is not queue.connection
        self._records = Records(self._queue)
        self._marks = RedisMarks(self._client, lease)

    def submit(self, offer: Offer) -> str:
        found = decorated.found_at(offer.origin) if offer.foreign else None
        queue = self._queue if found is None else self._theirs(offer, found)
        with self._reached():
            server, [standing] = self._records.read([offer.id])  # Before: if it is restarted in between, that is seen.
            if standing is not None and _taken(standing, offer):
                return Receipt(standing.token, server.run).dump()
            if standing is not None and standing.token > offer.token:
                return Receipt(offer.token, server.run).dump()  # An old offer, of which nobody waits for the outcome.
            if standing is not None:
                self._forget(offer.id)
            self._marks.offer(offer.id, offer.token)
            self._enqueue(queue, offer, call(offer, found, self._lease))
        return Receipt(offer.token, server.run).dump()

    def look(self, handed: Sequence[Handed]) -> Sequence[Sighting]:
        receipts = [Receipt.load(one.receipt) for one in handed]
        ids = [one.id for one in handed]
        with self._reached():
            server, found = self._records.read(ids)
            records = [
                record and self._records.complete(one.id, record, one.foreign)
                for one, record in zip(handed, found, strict=True)
            ]
            marks = self._marks.read(ids)  # After the records: what ends in between is seen here.
            self._clean({record.queue for one, record in zip(handed, records, strict=True) if record and _left(one, record)})
            together = zip(handed, receipts, records, marks, strict=True)
            sighted = [sight(*found, server, self._lease) for found in together]
            for one, receipt, record, sighting in zip(handed, receipts, records, sighted, strict=True):
                if record is not None and record.told < receipt.token and not isinstance(sighting, Underway):
                    over = record.status == "finished"
                    self._records.tell(one.id, receipt.token, max(KEEP_TOLD, record.keep) if over else None)
        return sighted

    def cancel(self, handed: Sequence[Handed]) -> None:
        with self._reached():
            _, records = self._records.read([one.id for one in handed])
            for one, record in zip(handed, records, strict=True):
                token = Receipt.load(one.receipt).token
                self._marks.cancel(one.id, token)
                if record is not None and record.token == token:
                    self._take_back(one.id, record)

    def close(self) -> None:
        if self._hasty:
            self._client.close()

    def _enqueue(self, queue: Any, offer: Offer, told: dict[str, Any]) -> None:
        if "unique" in inspect.signature(Queue.enqueue_call).parameters and not told.get("depends_on"):
            told["unique"] = True
        try:
            queue.enqueue_call(**told)
        except Exception as error:
            # The library itself tries again after a lost reply; an old version knows no such error.
            if type(error).__name__ != "DuplicateJobError":
                raise
            _, [standing] = self._records.read([offer.id])
            if standing is None or standing.token != offer.token:
                raise EngineAway(f"another hand-off of {offer.id} came in between") from error

    def _theirs(self, offer: Offer, found: Any) -> Any:
        """The queue of a decorator, on our connection, where that leads to the same server."""
        queue = copy.copy(decorated.queue_of(found))
        here, there = _place(self._client), _place(queue.connection)
        if here != there and not self._is_at(queue.connection):
            raise HandOffRefused(
                task=offer.task,
                engine="RQ",
                why=f"its decorator enqueues at {there}, and the engine named rq is at {here}",
                mend="Give that engine another name in Afterword(handoff={...}); the function then brings its own.",
            )
        queue.connection = self._client
        return queue

    def _is_at(self, client: Any) -> bool:
        """Whether that one leads to this server, by whatever name."""
        with self._reached():
            [(run, database), other] = [
                (one.info("server").get("run_id"), one.connection_pool.connection_kwargs.get("db") or 0)
                for one in (self._client, _hasty(client))
            ]
        return run is not None and (run, database) == other

    def _take_back(self, id: str, record: Record) -> None:
        if record.status in (*DONE, "canceled"):
            return
        with suppress(NoSuchJobError, InvalidJobOperation):
            if record.status == "started":
                send_stop_job_command(self._client, id, serializer=self._queue.serializer)
            else:
                self._job(id).cancel()

    def _forget(self, id: str) -> None:
        with suppress(NoSuchJobError):
            self._job(id).delete()
        self._client.delete(results_key(id))

    def _clean(self, queues: set[str]) -> None:
        """Have RQ itself say what becomes of jobs whose worker died: it does so only while another worker runs."""
        for name in queues:
            StartedJobRegistry(
                name,
                connection=self._client,
                job_class=self._queue.job_class,
                serializer=self._queue.serializer,
                death_penalty_class=TimerDeathPenalty,
            ).cleanup()

    def _job(self, id: str) -> Any:
        return self._queue.job_class.fetch(id, connection=self._client, serializer=self._queue.serializer)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Whatever goes wrong with the server inside is EngineAway."""
        try:
            yield
        except (redis.RedisError, OSError) as error:
            raise EngineAway(f"Redis at {_place(self._client)} cannot be reached: {error}") from error


def of(function: Any) -> RQ:
    """The engine that a function decorated by `rq.job` belongs to. Raises TypeError for any other."""
    return RQ(decorated.queue_of(decorated.decorator(function)))


def _taken(standing: Record, offer: Offer) -> bool:
    """Whether RQ has this very offer, or one of the same attempt that seemed to fail and had not: nobody was ever told of its
    end."""
    again = standing.attempt == offer.attempt and standing.told < standing.token < offer.token
    return standing.token == offer.token or again


def _left(handed: Handed, record: Record) -> bool:
    return handed.foreign and record.status == "started" and record.dead


def _hasty(client: Any) -> Any:
    """A client of the same server that does not wait for ever, where that can be made."""
    pool = client.connection_pool
    if type(pool) is not redis.ConnectionPool:
        return client
    told = pool.connection_kwargs
    hasty = {**told, **{name: value for name, value in HASTE.items() if told.get(name) is None}}
    hasty["retry"] = Retry(NoBackoff(), 1)
    return redis.Redis(connection_pool=redis.ConnectionPool(connection_class=pool.connection_class, **hasty))


def _place(client: Any) -> str:
    told = client.connection_pool.connection_kwargs
    where = told.get("path") or f"{told.get('host', 'localhost')}:{told.get('port', 6379)}"
    return f"{where}/{told.get('db') or 0}"
