"""Jobs as rows, and back."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.jobs.job import Job, State
from afterword.jobs.retry import Retry
from afterword.stores import rows

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
numbers = st.integers(-(1 << 63), (1 << 63) - 1)
retries = st.builds(
    Retry,
    attempts=st.integers(1, 1000),
    delay=st.floats(0, 1e6),
    factor=st.floats(1, 100),
    longest=st.floats(0, 1e9),
    jitter=st.floats(0, 1),
)
jobs = st.builds(
    Job,
    id=text,
    app=text,
    task=text,
    arguments=st.binary(),
    added_at=numbers,
    retry=retries,
    state=st.sampled_from(State),
    queue=text,
    priority=numbers,
    run_at=numbers,
    owner=st.none() | text,
    after=st.none() | text,
    token=numbers,
    attempt=numbers,
    crashes=numbers,
    lost=numbers,
    alone=st.booleans(),
    at_most_once=st.booleans(),
    timeout=st.none() | numbers,
    unique_key=st.none() | text,
    origin=st.none() | text,
    started_at=st.none() | numbers,
    ended_at=st.none() | numbers,
    result=st.none() | st.binary(),
    error=st.none() | text,
    key=numbers,
)


@given(jobs)
def test_a_job_survives_a_row(job: Job) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        places = ", ".join("?" * len(rows.COLUMNS))
        (row,) = database.execute(f"SELECT {places}", rows.row(job)).fetchall()
    assert rows.job(row) == job


def test_what_a_policy_retries_on_is_not_written_down() -> None:
    policy = Retry(attempts=5, on=(ValueError,), not_on=(KeyError,))
    assert rows.load_retry(rows.dump_retry(policy)) == Retry(attempts=5)


@pytest.mark.parametrize("words", ["", "{}", "[1]", "null", "[0, 1, 1, 1, 0]", "NaN", "[" * 100_000])
def test_an_odd_policy_is_one_of_a_single_attempt(words: str) -> None:
    assert rows.load_retry(words) == Retry(attempts=1)


@given(st.none() | st.text(st.characters()))
def test_any_words_can_be_stored(words: str | None) -> None:
    kept = rows.text(words)
    with closing(sqlite3.connect(":memory:")) as database:
        assert database.execute("SELECT ?", (kept,)).fetchone() == (kept,)
    assert kept is None or "\0" not in kept


def test_ordinary_words_stay_as_they_are() -> None:
    assert rows.text("Zoë\n\tsays 'no'") == "Zoë\n\tsays 'no'"
