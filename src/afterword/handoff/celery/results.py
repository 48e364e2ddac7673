"""What Celery keeps of tasks: results in its backend, and beside them the marks of our wrapper."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import redis
from celery.backends.base import BaseKeyValueStoreBackend, DisabledBackend  # type: ignore[import-untyped]
from celery.backends.redis import RedisBackend  # type: ignore[import-untyped]
from celery.backends.rpc import RPCBackend  # type: ignore[import-untyped]
from redis.backoff import NoBackoff
from redis.retry import Retry

from afterword.handoff.celery.sightings import Meta
from afterword.handoff.envelope import Answer, read_answer, write_answer
from afterword.handoff.marks import LEASE, Mark, Marks, Refused, Run, judge
from afterword.handoff.redis_marks import RedisMarks

HASTE: dict[str, Any] = {"socket_timeout": 5.0, "socket_connect_timeout": 3.0}
"""Seconds that our end waits for a server."""


def readable(app: Any) -> bool:
    """Whether other processes than the one that handed a task off can read its result."""
    return not isinstance(app.backend, DisabledBackend | RPCBackend)


class Results:
    """Read by our end, hastily."""

    def __init__(self, app: Any) -> None:
        self._backend = app.backend
        self._readable = readable(app)
        self.client = hasty(app)

    def read(self, ids: Sequence[str]) -> list[Meta]:
        """What there is of each, in this order."""
        if not self._readable or not ids:
            return [Meta()] * len(ids)
        if not isinstance(self._backend, BaseKeyValueStoreBackend):
            return [_meta(self._backend.get_task_meta(id, cache=False)) for id in ids]
        keys = [self._backend.get_key_for_task(id) for id in ids]
        values = self.client.mget(keys) if self.client is not None else self._backend.mget(keys)
        # Not `decode_result`, which would make exceptions of what names one.
        return [_meta(self._backend.decode(value)) if value else Meta() for value in values]

    def number(self) -> str | None:
        """That of the present run of the server; None where it has none."""
        return None if self.client is None else number(self.client)

    def forget(self, id: str) -> None:
        if not self._readable:
            return
        if self.client is not None:
            self.client.delete(self._backend.get_key_for_task(id))
        else:
            with suppress(LookupError, FileNotFoundError):  # There was none.
                self._backend.forget(id)


def hasty(app: Any) -> Any:
    """A client for the Redis server that holds the results, which gives up soon; None where none does."""
    if not isinstance(app.backend, RedisBackend):
        return None
    return app.backend._create_client(**{**app.backend.connparams, **HASTE, "retry": Retry(NoBackoff(), 1)})


def number(client: Any) -> str:
    """That of a Redis server's present run: it changes with each start."""
    return str(client.info("server")["run_id"])


def marks(app: Any, client: Any, lease: float = LEASE) -> Marks | None:
    """Where the marks are, the same at both ends; None where nothing here can keep them. `client` is one for the results."""
    if client is not None:
        return RedisMarks(client, lease)
    connection = app.connection_for_write(transport_options=dict(HASTE))
    if connection.transport.driver_type == "redis":
        return RedisMarks(redis.Redis(connection_pool=connection.default_channel.pool), lease)
    if isinstance(app.backend, BaseKeyValueStoreBackend):
        return ValueMarks(app.backend.get, app.backend.set, lease)
    return None


class ValueMarks:
    """Marks where values can be read and written only: of two who begin at the same moment, both may."""

    def __init__(self, get: Callable[[Any], Any], set: Callable[[Any, Any], Any], lease: float = LEASE) -> None:
        self._get = get
        self._set = set
        self._lease = lease

    def begin(self, run: Run, once: bool) -> Refused | None:
        stored = self._load(run.id)
        refused = judge(_mark(stored), run, once, rest=stored.get("until", 0) - time.time())
        if refused is None:
            self._save(run.id, {**stored, **self._told(run), "answer": None})
        return refused

    def renew(self, run: Run) -> None:
        stored = self._load(run.id)
        if stored.get("run", run.key) == run.key and not stored.get("answer"):
            self._save(run.id, {**stored, **self._told(run)})

    def end(self, run: Run, answer: Answer) -> None:
        stored = self._load(run.id)
        begun = stored.get("begun", 0)
        if begun < run.token or (begun == run.token and not stored.get("answer")):
            self._save(run.id, {**stored, **self._told(run), "answer": write_answer(answer), "until": 0})

    def read(self, ids: Sequence[str]) -> Sequence[Mark]:
        return [_mark(self._load(id)) for id in ids]

    def offer(self, id: str, token: int) -> None:
        self._raise(id, "offered", token)

    def cancel(self, id: str, token: int) -> None:
        self._raise(id, "cancelled", token)

    def _told(self, run: Run) -> dict[str, Any]:
        until = time.time() + self._lease
        return {"begun": run.token, "run": run.key, "by": run.by, "started": run.started, "until": until}

    def _raise(self, id: str, field: str, token: int) -> None:
        stored = self._load(id)
        self._save(id, {**stored, field: max(stored.get(field, 0), token)})

    def _load(self, id: str) -> dict[str, Any]:
        value = self._get(_key(id))
        found = json.loads(value) if value else {}
        return found if isinstance(found, dict) else {}

    def _save(self, id: str, stored: dict[str, Any]) -> None:
        self._set(_key(id), json.dumps(stored).encode())


def _key(id: str) -> bytes:
    return f"afterword-mark-{id}".encode()


def _mark(stored: dict[str, Any]) -> Mark:
    return Mark(
        offered=stored.get("offered", 0),
        begun=stored.get("begun", 0),
        by=stored.get("by"),
        started=stored.get("started", 0),
        answer=read_answer(stored.get("answer")),
        alive=stored.get("until", 0) > time.time(),
        cancelled=stored.get("cancelled", 0),
    )


def _meta(found: Any) -> Meta:
    return Meta(found.get("status") or "PENDING", found.get("result"), found.get("traceback"))
