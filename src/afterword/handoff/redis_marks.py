"""Marks in a Redis or Valkey server: each step is one script, so that of two who begin one is second."""

import json
from collections.abc import Sequence
from typing import Any

from afterword.handoff.envelope import Answer, read_answer, write_answer
from afterword.handoff.marks import KEEP, LEASE, Mark, Refused, Run, Wait, judge

_READ = """
local mark = redis.call('HMGET', KEYS[1], 'offered', 'begun', 'by', 'started', 'answer', 'cancelled')
mark[7] = redis.call('PTTL', KEYS[2])
return mark
"""

# Begin where the mark is still as it was read; else say so, and it is read again.
_BEGIN = """
local lease = redis.call('PTTL', KEYS[2])
local mark = redis.call('HMGET', KEYS[1], 'offered', 'begun', 'answer', 'cancelled')
local seen = {mark[1] or '0', mark[2] or '0', mark[3] and '1' or '0', mark[4] or '0', lease > 0 and '1' or '0'}
if table.concat(seen, '|') ~= ARGV[7] then return 0 end
redis.call('HSET', KEYS[1], 'begun', ARGV[1], 'run', ARGV[2], 'by', ARGV[3], 'started', ARGV[4])
redis.call('HDEL', KEYS[1], 'answer')
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[5])
return 1
"""

_RENEW = """
local run = redis.call('HGET', KEYS[1], 'run')
if run and run ~= ARGV[2] then return 0 end
if not run then redis.call('HSET', KEYS[1], 'begun', ARGV[1], 'run', ARGV[2], 'by', ARGV[3], 'started', ARGV[4]) end
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[5])
return 1
"""

_END = """
local seen = redis.call('HMGET', KEYS[1], 'begun', 'run', 'answer')
local begun = tonumber(seen[1] or '0')
if begun > tonumber(ARGV[1]) then return 0 end
if begun == tonumber(ARGV[1]) and seen[3] then return 0 end
redis.call('HSET', KEYS[1], 'begun', ARGV[1], 'run', ARGV[2], 'by', ARGV[3], 'started', ARGV[4], 'answer', ARGV[7])
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('DEL', KEYS[2])
return 1
"""

_RAISE = """
if tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0') < tonumber(ARGV[2]) then
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
"""

_ATTEMPTS = 100
"""To begin beside others who begin. Each that fails has seen another one succeed, so few are needed."""


class RedisMarks:
    """`client` is one of redis-py's; two keys for each id, `afterword:mark:ID` and `afterword:lease:ID`."""

    def __init__(self, client: Any, lease: float = LEASE, keep: int = KEEP) -> None:
        self._client = client
        self._lease = int(lease * 1000)
        self._keep = keep

    def begin(self, run: Run, once: bool) -> Refused | None:
        for _ in range(_ATTEMPTS):
            fields = self._call(_READ, run.id)
            mark = _mark(fields)
            refused = judge(mark, run, once, rest=fields[6] / 1000)
            if refused is not None:
                return refused
            if self._call(_BEGIN, run.id, *self._told(run), _seen(fields)):
                return None
        return Wait(1.0, "others began it again and again")

    def renew(self, run: Run) -> None:
        self._call(_RENEW, run.id, *self._told(run))

    def end(self, run: Run, answer: Answer) -> None:
        self._call(_END, run.id, *self._told(run), json.dumps(write_answer(answer)))

    def read(self, ids: Sequence[str]) -> Sequence[Mark]:
        pipeline = self._client.pipeline(transaction=False)
        for id in ids:
            pipeline.eval(_READ, 2, *_keys(id))
        return [_mark(fields) for fields in pipeline.execute()]

    def offer(self, id: str, token: int) -> None:
        self._call(_RAISE, id, "offered", token, self._keep)

    def cancel(self, id: str, token: int) -> None:
        self._call(_RAISE, id, "cancelled", token, self._keep)

    def _told(self, run: Run) -> tuple[Any, ...]:
        return run.token, run.key, run.by, run.started, self._lease, self._keep

    def _call(self, script: str, id: str, *arguments: Any) -> Any:
        return self._client.eval(script, 2, *_keys(id), *arguments)


def _keys(id: str) -> tuple[str, str]:
    return f"afterword:mark:{id}", f"afterword:lease:{id}"


def _mark(fields: Sequence[Any]) -> Mark:
    offered, begun, by, started, answer, cancelled = (_text(field) for field in fields[:6])
    return Mark(
        offered=int(offered or 0),
        begun=int(begun or 0),
        by=by,
        started=int(started or 0),
        answer=read_answer(json.loads(answer)) if answer else None,
        alive=fields[6] > 0,
        cancelled=int(cancelled or 0),
    )


def _seen(fields: Sequence[Any]) -> str:
    """What `_BEGIN` must find again."""
    offered, begun, _, _, answer, cancelled, rest = fields
    return "|".join([_text(offered) or "0", _text(begun) or "0", "01"[bool(answer)], _text(cancelled) or "0", "01"[rest > 0]])


def _text(value: Any) -> str | None:
    return value.decode() if isinstance(value, bytes) else value
