"""Settling: what became of attempts."""

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import Any, NamedTuple

from afterword.jobs.job import State
from afterword.jobs.lifecycle import Settlement
from afterword.stores.fence import Judgement, judge
from afterword.stores.rows import COLUMNS, text
from afterword.stores.sqlite.connection import fetch
from afterword.stores.sqlite.rowset import Rowset, chunks
from afterword.stores.sqlite.transaction import FOLLOW, Transaction, Verb
from afterword.stores.store import Verdict

_LIVE = "SELECT key, id, state, token, settled_token FROM jobs WHERE key IN (SELECT value FROM json_each(?))"
_OLD = "SELECT key, id, state, token, settled_token FROM finished WHERE key IN (SELECT value FROM json_each(?))"

_SETTLEMENTS = Rowset(Settlement._fields, own=("key", "id", "token", "attempt", "ended_at", "result"))
"""What has just succeeded differs in these."""

_KEY, _ID, _TOKEN, _COUNTED = (f"said.{_SETTLEMENTS.column(name)}" for name in ("key", "id", "token", "counted"))

_WRITTEN = ("state", "run_at", "attempt", "crashes", "alone", "ended_at", "result", "error", "receipt")
_SAID = {column: f"said.{_SETTLEMENTS.column(column)}" for column in _WRITTEN} | {"owner": "NULL"}
"""What becomes of a job's columns."""

_STATE, _ERROR = map(Settlement._fields.index, ("state", "error"))


def _assignments(columns: Iterable[str]) -> str:
    return ", ".join(f"{column} = {_SAID[column]}" for column in columns)


_FINISH = f"""
INSERT INTO finished ({", ".join(COLUMNS)}, settled_token)
SELECT {", ".join(_SAID.get(column, f"jobs.{column}") for column in COLUMNS)}, jobs.token
FROM {{said}} AS said CROSS JOIN jobs ON jobs.key = {_KEY} AND jobs.id = {_ID} AND jobs.token = {_TOKEN}
AND jobs.settled_token <> {_TOKEN} AND jobs.state IN ({State.QUEUED:d}, {State.RUNNING:d}, {State.HANDED_OFF:d})
"""
"""Where `judge` says that it is to be written, as nearly always."""
_FINISHED_NOW = "SELECT key FROM jobs JOIN finished USING (key, id) WHERE key IN (SELECT value FROM json_each(?))"
_LEAVE = "DELETE FROM jobs WHERE key IN (SELECT value FROM json_each(?))"

_AGAIN = f"""
UPDATE jobs SET {_assignments(column for column in _SAID if column != "ended_at")}, settled_token = token, lease_until = NULL,
token = token + ({_SAID["state"]} = {State.HANDED_OFF:d}),
ended = ended OR {_COUNTED} FROM {{said}} AS said WHERE jobs.key = {_KEY}
"""

_CORRECT = f"""
UPDATE finished SET {_assignments(_SAID)}, settled_token = token FROM {{said}} AS said WHERE finished.key = {_KEY}
"""


_STATES: Mapping[int, State] = {int(state): state for state in State}


class _Standing(NamedTuple):
    """What the store knows of a job that is to be settled."""

    key: int
    id: str
    state: int
    token: int
    settled_token: int


def _settle(transaction: Transaction, calls: Sequence[Sequence[Settlement]]) -> Sequence[Sequence[Verdict]]:
    connection = transaction.connection
    settlements = [settlement for call in calls for settlement in call]
    first: dict[int, Settlement] = {}
    for settlement in settlements:
        first.setdefault(settlement.key, settlement)
    finished = _finish(connection, [settlement for settlement in first.values() if settlement.state.finished])
    if len(finished) == len(settlements):
        _follow(connection, finished)
        return [[Verdict.APPLIED] * len(call) for call in calls]
    done = set(map(id, finished))
    verdicts, written = _judge(connection, [one for one in settlements if id(one) not in done])
    _follow(connection, [*finished, *written])
    judged = iter(verdicts)
    return [[Verdict.APPLIED if id(one) in done else next(judged) for one in call] for call in calls]


SETTLE = Verb(_settle, then_lasting=False)


def _judge(connection: Connection, settlements: Sequence[Settlement]) -> tuple[Sequence[Verdict], Iterable[Settlement]]:
    """Look at what they are about, and write those that count; the verdicts, and what was written."""
    standings = _standings(connection, settlements)
    chosen: dict[int, Settlement] = {}
    verdicts = []
    for settlement in settlements:
        standing = standings.get(settlement.key)
        if standing is None or standing.id != settlement.id or standing.state not in _STATES:
            verdicts.append(Verdict.GONE)
            continue
        judgement = judge(settlement, _STATES[standing.state], standing.token, standing.settled_token)
        if judgement is Judgement.WRITE:
            chosen.setdefault(settlement.key, settlement)
        verdicts.append(judgement.verdict)
    _write(connection, chosen.values(), standings)
    return verdicts, chosen.values()


def _standings(connection: Connection, settlements: Sequence[Settlement]) -> dict[int, _Standing]:
    keys = [settlement.key for settlement in settlements]
    found = {row[0]: _Standing(*row) for row in fetch(connection, _LIVE, (json.dumps(keys),))}
    if missing := [key for key in keys if key not in found]:
        found |= {row[0]: _Standing(*row) for row in fetch(connection, _OLD, (json.dumps(missing),))}
    return found


def _write(connection: Connection, chosen: Iterable[Settlement], standings: dict[int, _Standing]) -> None:
    corrected, ended, again = [], [], []
    for settlement in chosen:
        if _STATES[standings[settlement.key].state].finished:
            corrected.append(settlement)
        elif settlement.state.finished:
            ended.append(settlement)
        else:
            again.append(settlement)
    _finish(connection, ended)
    if again:
        _say(connection, _AGAIN, again)
    if corrected:
        _say(connection, _CORRECT, corrected)


def _finish(connection: Connection, settlements: Sequence[Settlement]) -> Sequence[Settlement]:
    """Finish the jobs about which these count, one for each; those that do."""
    if not settlements:
        return []
    keys = [settlement.key for settlement in settlements]
    if _say(connection, _FINISH, settlements) < len(keys):
        found = {key for (key,) in connection.execute(_FINISHED_NOW, (json.dumps(keys),))}
        settlements = [settlement for settlement in settlements if settlement.key in found]
        keys = [*found]
    connection.execute(_LEAVE, (json.dumps(keys),))
    return settlements


def _follow(connection: Connection, settlements: Iterable[Settlement]) -> None:
    followed = [settlement.id for settlement in settlements if settlement.counted]
    if followed:
        connection.execute(FOLLOW, (json.dumps(followed),))


def _say(connection: Connection, statement: str, settlements: Sequence[Settlement]) -> int:
    """The number of rows that were written."""
    written = 0
    for chunk in chunks(settlements):
        said, values = _SETTLEMENTS.said([_row(settlement) for settlement in chunk])
        written += connection.execute(_complete(statement, said), values).rowcount
    return written


@functools.cache
def _complete(statement: str, said: str) -> str:
    return statement.format(said=said)


def _row(settlement: Settlement) -> Sequence[Any]:
    row: list[Any] = [*settlement]
    row[_STATE], row[_ERROR] = int(settlement.state), text(settlement.error)
    return row
