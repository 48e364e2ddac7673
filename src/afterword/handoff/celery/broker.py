"""Celery's broker, as our end sees it: a connection to publish on, and queues and workers that can be searched."""

import json
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from kombu.exceptions import OperationalError

from afterword.handoff.celery import results
from afterword.handoff.celery.install import NAME
from afterword.handoff.celery.results import HASTE
from afterword.handoff.celery.sightings import Search
from afterword.handoff.engine import EngineAway, Underway

ANSWERS = 1.0
"""Seconds that workers are given to answer."""

MOST = 20_000
"""Messages of one queue that are searched; where it holds more, the search is not thorough."""

_STEP = 1000
"""Messages that are read at a time, and ids that are asked for at a time."""


class Broker:
    """Connections to the broker. Whatever goes wrong with one inside of a `with` is EngineAway."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._kept: Any = None

    @contextmanager
    def kept(self) -> Iterator[Any]:
        """A connection that stays open between uses; one thread at a time has it."""
        with self._lock:
            if self._kept is None:
                self._kept = self._made()
            try:
                with _reached(self._kept) as connection:
                    yield connection
            except EngineAway:
                self._drop()
                raise

    @contextmanager
    def fresh(self) -> Iterator[Any]:
        """A connection for one use: to ask workers leaves it waiting for late answers."""
        connection = self._made()
        try:
            with _reached(connection):
                yield connection
        finally:
            connection.release()

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _made(self) -> Any:
        return self._app.connection_for_write(transport_options=_options(self._app))

    def _drop(self) -> None:
        connection, self._kept = self._kept, None
        if connection is not None:
            connection.release()


def number(connection: Any) -> str | None:
    """That of the broker's present run; None for a broker that has none."""
    client = _redis(connection)
    return None if client is None else results.number(client)


def search(app: Any, connection: Any, ids: Collection[str], doubtful: Collection[str], queues: Collection[str]) -> Search:
    """Look for these ids in the queues, ask the workers for the rest, and look again: a message may have moved meanwhile.

    Of those that are `doubtful`, the workers are asked too where the message was fetched: a worker that died had fetched some
    before their turn, and Celery gives them to another only when its visibility timeout is over.
    """
    run = number(connection)
    queued, held, readable = _waiting(connection, queues)
    rest = [id for id in ids if id not in queued and (id in doubtful or id not in held)]
    working: dict[str, Underway] = {}
    workers, thorough = 0, True
    if rest:
        working, workers, heard = _working(app, connection, rest)
        late, later_held, still_readable = _waiting(connection, queues)
        queued |= late
        held |= later_held
        thorough = readable and still_readable and workers >= heard
        if _redis(connection) is None:
            thorough = _drained(connection, queues, workers)
        queued |= _put_off(app, connection, {id for id in doubtful if id in held and id not in working})
    found = {id: Underway(started=False) for id in ids if id in queued}
    return Search({**found, **working}, held, thorough, workers, run)


def take_out(connection: Any, ids: Collection[str], queues: Collection[str]) -> None:
    """Take waiting messages out of their queues, where the broker is one that can."""
    client = _redis(connection)
    if client is None:
        return
    for key in _keys(connection, queues):
        for payload in list(_payloads(client, key)):
            if _id(payload) in ids:
                client.lrem(key, 1, payload)


@contextmanager
def _reached(connection: Any) -> Iterator[Any]:
    away = (OperationalError, redis.RedisError, OSError, *connection.connection_errors, *connection.channel_errors)
    try:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=5.0)
        yield connection
    except away as error:
        raise EngineAway(f"{connection.as_uri()} cannot be reached: {error}") from error


def revoke(app: Any, connection: Any, ids: Collection[str]) -> None:
    """Tell the workers that are there to refuse these, and to end the processes that run them."""
    _mailbox(app, connection).abcast("revoke", {"task_id": list(ids), "terminate": True, "signal": "SIGTERM"})


def _options(app: Any) -> dict[str, Any]:
    scheme = str(app.conf.broker_write_url or "").partition(":")[0]
    if scheme in ("amqp", "amqps", "pyamqp"):
        return {"confirm_publish": True, "read_timeout": 5.0, "write_timeout": 5.0}
    return {**HASTE, "max_retries": 1, "interval_start": 0} if "redis" in scheme or "valkey" in scheme else {}


def _redis(connection: Any) -> Any:
    """A plain client for the broker; None where that is no Redis."""
    if connection.transport.driver_type != "redis":
        return None
    return redis.Redis(connection_pool=connection.default_channel.pool)


# Queues


def _waiting(connection: Any, queues: Collection[str]) -> tuple[set[str], set[str], bool]:
    """Ids of the messages in the queues; of those that workers hold unacknowledged; and whether that is all there is."""
    client = _redis(connection)
    if client is None:
        return set(), set(), False
    queued: set[str] = set()
    readable = True
    for key in _keys(connection, queues):
        if client.llen(key) > MOST:
            readable = False
        else:
            queued.update(id for payload in _payloads(client, key) if (id := _id(payload)))
    channel = connection.default_channel
    unacked = client.hscan_iter(f"{channel.global_keyprefix}{channel.unacked_key}", count=_STEP)
    return queued, {id for _, payload in unacked if (id := _id(payload))}, readable


def _keys(connection: Any, queues: Collection[str]) -> list[str]:
    channel = connection.default_channel
    pairs = [(queue, step) for queue in queues for step in channel.priority_steps]
    return [f"{channel.global_keyprefix}{channel._q_for_pri(queue, step)}" for queue, step in pairs]


def _payloads(client: Any, key: str) -> Iterator[Any]:
    # New messages come in at the front and push the others on, so none is missed.
    start = 0
    while some := client.lrange(key, start, start + _STEP - 1):
        yield from some
        start += len(some)


def _id(payload: Any) -> str | None:
    try:
        message = json.loads(payload)
        if isinstance(message, list):  # Unacknowledged: [message, exchange, routing key].
            message = message[0]
        return str(message["headers"]["id"])
    except (ValueError, LookupError, TypeError):
        return None  # Not a message of Celery's.


def _drained(connection: Any, queues: Collection[str], workers: int) -> bool:
    """Whether queues that cannot be read are known all the same to hold nothing but what the workers have said they have."""
    for queue in queues:
        depth = connection.default_channel.queue_declare(queue=queue, passive=True)
        if depth.message_count or not 0 < depth.consumer_count <= workers:
            return False
    return True


# Workers


def _working(app: Any, connection: Any, ids: Collection[str]) -> tuple[dict[str, Underway], int, int]:
    """Which of these the workers have, how many workers have answered, and how many were there to hear it."""
    heard = _count(connection)
    mailbox = _mailbox(app, connection)
    found: dict[str, Underway] = {}
    answered: set[str] = set()
    asked = list(ids)
    for start in range(0, len(asked), _STEP):
        replies = _replies(mailbox.multi_call("query_task", {"ids": asked[start : start + _STEP]}, timeout=ANSWERS))
        answered = set(replies) if start == 0 else answered & set(replies)
        for worker, tasks in replies.items():
            states = {id: state for id, (state, _) in tasks.items()} if "error" not in tasks else {}
            found.update((id, Underway(state == "active", worker)) for id, state in states.items() if state != "ready")
    if _redis(connection) is None:  # Those that wait for their time are in no queue that could be read.
        for worker, waiting in _replies(mailbox.multi_call("scheduled", timeout=ANSWERS)).items():
            found.update((one["request"]["id"], Underway(False, worker)) for one in waiting)
    # Where nobody counted who heard it, somebody may have kept silent.
    return found, len(answered), max(heard, default=len(answered) + 1)


def _put_off(app: Any, connection: Any, ids: set[str]) -> set[str]:
    """Which of these a worker that lives may hold, though it said nothing of them: they wait for their time, or for their turn
    under a rate limit."""
    if not ids:
        return ids
    mailbox = _mailbox(app, connection)
    known = _replies(mailbox.multi_call("registered", {"taskinfoitems": ["rate_limit"]}, timeout=ANSWERS))
    if any(task.startswith(f"{NAME} [rate_limit=") for tasks in known.values() for task in tasks):
        return ids
    scheduled = _replies(mailbox.multi_call("scheduled", timeout=ANSWERS))
    return {one["request"]["id"] for waiting in scheduled.values() for one in waiting} & ids


def _mailbox(app: Any, connection: Any) -> Any:
    """Celery's own, but on this connection alone: the pool of the application would wait for a broker that is away."""
    mailbox = app.control.mailbox(connection)
    mailbox.producer_pool = None
    return mailbox


def _replies(answers: Any) -> dict[str, Any]:
    """By worker."""
    return {worker: reply for answer in answers or () for worker, reply in answer.items()}


def _count(connection: Any) -> list[int]:
    """A list that grows by the number of workers that heard each question which is asked from now on."""
    heard: list[int] = []
    client = _redis(connection)
    if client is None:
        return heard
    channel = connection.default_channel

    def put(exchange: str, message: Any, routing_key: str, **_: Any) -> None:
        several = getattr(channel, "_get_publish_topics", None)
        topics = several(exchange, routing_key) if several else [channel._get_publish_topic(exchange, routing_key)]
        heard.append(sum(client.publish(f"{channel.global_keyprefix}{topic}", json.dumps(message)) for topic in topics))

    channel._put_fanout = put
    return heard
