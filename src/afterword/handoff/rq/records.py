"""RQ's own records of jobs, read as far as they are needed, and what we note in them."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import redis
from rq.executions import ExecutionRegistry
from rq.job import Job
from rq.results import Result

from afterword.handoff.envelope import Answer, read_answer
from afterword.tasks.codec import encode_result

NOTE = "afterword"
"""Our entry in the `meta` of an RQ job, and the field of its record that says up to which token its end was told."""

DONE = ("finished", "failed", "stopped")


class Server(NamedTuple):
    run: str | None
    """Another one after each restart."""
    up: float
    """Seconds since then."""
    now: float
    """Seconds since the epoch."""


class Record(NamedTuple):
    """What RQ has of an id."""

    status: str
    queue: str = ""
    token: int = 0
    """0 where it is none of ours."""
    attempt: int = 0
    told: int = 0
    """The highest token whose end `look` has told."""
    keep: int = 0
    """Seconds that whoever wrote a foreign task wants its result to be kept."""
    by: str | None = None
    dead: bool = False
    """It has started, and no worker has said for longer than RQ allows that it runs."""
    answer: Answer | None = None
    """What our wrapper returned."""
    result: bytes | None = None
    error: str | None = None


_FIELDS = ("status", "origin", "meta", "worker_name", NOTE)

# Only where it is still there; a job that is waited for no more needs no record for days.
_TELL = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
for place = 1, 2 do
    local rest = redis.call('TTL', KEYS[place])
    if tonumber(ARGV[3]) >= 0 and rest > tonumber(ARGV[3]) then redis.call('EXPIRE', KEYS[place], ARGV[3]) end
end
return 1
"""


class Records:
    """Of one server. `queue` says how its jobs are written."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self._client = queue.connection
        self._job: type[Job] = queue.job_class

    def read(self, ids: Sequence[str]) -> tuple[Server, list[Record | None]]:
        """The server, and each record; None where there is none."""
        # At one moment: between two it might end, and look as if it had started and nobody ran it.
        pipeline = self._client.pipeline(transaction=True)
        pipeline.info("server")
        for id in ids:
            pipeline.hmget(self._job.key_for(id), *_FIELDS)
            pipeline.zrevrange(ExecutionRegistry(id, self._client).key, 0, 0, withscores=True)
        told, *found = pipeline.execute()
        server = _server(told)
        pairs = zip(found[::2], found[1::2], strict=True)
        return server, [self._record(fields, any(until > server.now for _, until in runs)) for fields, runs in pairs]

    def complete(self, id: str, record: Record, foreign: bool) -> Record:
        """With result or error, where it has ended."""
        if record.status not in DONE:
            return record
        job = self._job(id, connection=self._client, serializer=self._queue.serializer)
        try:
            latest = Result.fetch_latest(job, serializer=self._queue.serializer)
            value, error = (latest.return_value, latest.exc_string) if latest else (None, None)
        except redis.RedisError:
            raise
        except Exception as unreadable:  # It may be an object of a class that is not here.
            value, error = None, f"its result cannot be read here: {unreadable}"
        if foreign:
            return record._replace(result=encode_result(value), error=error)
        return record._replace(answer=read_answer(value), error=error)

    def tell(self, id: str, token: int, keep: int | None) -> None:
        """Note that the end of the hand-off `token` was told. RQ's record of it need be kept for `keep` seconds only; None
        where that is to be left as it is."""
        self._client.eval(_TELL, 2, self._job.key_for(id), results_key(id), NOTE, token, -1 if keep is None else keep)

    def _record(self, fields: Sequence[bytes | None], alive: bool) -> Record | None:
        status, queue, meta, by, told = fields
        if status is None:
            return None
        noted: Any = self._meta(meta).get(NOTE)
        token, attempt, keep = (noted["token"], noted["attempt"], noted["keep"]) if isinstance(noted, dict) else (0, 0, 0)
        known, where, name = (value.decode() if value else "" for value in (status, queue, by))
        return Record(known, where, token, attempt, int(told or 0), keep, name or None, known == "started" and not alive)

    def _meta(self, meta: bytes | None) -> dict[str, Any]:
        try:
            read = self._queue.serializer.loads(meta) if meta else {}
        except Exception:
            return {}
        return read if isinstance(read, dict) else {}


def results_key(id: str) -> str:
    """Where RQ keeps results of a job."""
    key: Any = Result.get_key
    return str(key(id))


def _server(told: dict[str, Any]) -> Server:
    now = float(told.get("server_time_usec", 0)) / 1e6
    return Server(told.get("run_id"), float(told.get("uptime_in_seconds", 0)), now or time.time())
