"""A job as people and programs read it."""

import json

import pytest

from afterword.cli.jobs import spelling
from afterword.clock import SECOND
from afterword.jobs.job import State
from afterword.jobs.retry import Retry
from afterword.testing.contract.bench import job

RAISED = """Traceback (most recent call last):
  File "main.py", line 3, in send
    raise ValueError("no such address")
ValueError: no such address"""

LONG = """Traceback (most recent call last):
  File "main.py", line 3, in send
    Order(**fields)
pydantic_core._pydantic_core.ValidationError: 1 validation error for Order
number
  Field required [type=missing]
    For further information visit https://errors.pydantic.dev"""

CAUSED = f"""{RAISED}

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "main.py", line 5, in send
    raise SystemError from error
    ~~~~~^^^^^
SystemError
a note"""

GROUP = """  + Exception Group Traceback (most recent call last):
  |   File "main.py", line 3, in send
  |     raise ExceptionGroup("two", errors)
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: first
    +------------------------------------"""


def test_all_of_a_job_as_json() -> None:
    told = spelling.facts(
        job(
            id="an-id",
            task="main:send",
            arguments=b'{"to":"ada","when":[1,2.5,null]}',
            added_at=1_700_000_000_000_001,
            started_at=1_700_000_001 * SECOND,
            ended_at=1_700_000_002 * SECOND,
            state=State.FAILED,
            attempt=2,
            retry=Retry(attempts=3),
            timeout=1_500_000,
            unique_key="mail-ada",
            error="no",
        )
    )
    assert json.loads(spelling.dump(told)) == {
        "id": "an-id",
        "state": "failed",
        "task": "main:send",
        "app": "main:app",
        "queue": "default",
        "priority": 0,
        "attempt": 2,
        "attempts": 3,
        "at_most_once": False,
        "timeout": 1.5,
        "via": None,
        "receipt": None,
        "unique_key": "mail-ada",
        "crashes": 0,
        "lost": 0,
        "added_at": "2023-11-14T22:13:20.000001Z",
        "run_at": None,
        "started_at": "2023-11-14T22:13:21Z",
        "ended_at": "2023-11-14T22:13:22Z",
        "after": None,
        "owner": None,
        "arguments": {"to": "ada", "when": [1, 2.5, None]},
        "result": None,
        "error": "no",
    }


def test_times_that_no_calendar_has() -> None:
    assert spelling.time(1 << 62) == "9999-12-31T23:59:59Z"
    assert spelling.time(-1) == "1970-01-01T00:00:00Z"


def test_what_is_no_json_is_told_as_it_is() -> None:
    assert spelling.value(b"\xff{") == "\ufffd{"
    assert spelling.value(b"[" * 100_000) == "[" * 100_000
    assert spelling.value(b"9" * 5000) == "9" * 5000
    assert spelling.value(b"[NaN, -Infinity]") == ["NaN", "-Infinity"]
    assert spelling.value(None) is None


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (RAISED, "ValueError: no such address"),
        (LONG, "pydantic_core._pydantic_core.ValidationError: 1 validation error for Order"),
        (CAUSED, "SystemError"),
        (GROUP, "ExceptionGroup: two (2 sub-exceptions)"),
        ("its worker died while it ran", "its worker died while it ran"),
        ("it says\n\nmore", "it says"),
        ("red \x1b[31m\u202e", "red \\x1b[31m\\u202e"),
        ("", ""),
        (None, ""),
    ],
)
def test_an_error_in_one_line(error: str | None, line: str) -> None:
    assert spelling.reason(job(error=error, state=State.FAILED)) == line


def test_the_error_of_an_attempt_before_the_success_is_not_told() -> None:
    assert spelling.reason(job(error="its worker died while it ran", state=State.SUCCEEDED)) == ""


def test_attempts_are_told_of_how_many() -> None:
    assert spelling.attempt(job(attempt=2, retry=Retry(attempts=3))) == "2 of 3"
    assert spelling.attempt(job(attempt=1, retry=Retry(attempts=3), at_most_once=True)) == "1 of 1"
