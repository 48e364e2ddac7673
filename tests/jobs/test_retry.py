"""How often and when a failed job is tried again."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterword.clock import microseconds
from afterword.jobs.retry import LONGEST, Retry, pause

POLICIES = st.builds(
    Retry,
    attempts=st.integers(1, 1000),
    delay=st.floats(0, LONGEST) | st.integers(0, 100),
    factor=st.floats(1, 1e9) | st.integers(1, 10),
    longest=st.floats(0, LONGEST) | st.integers(0, 100_000),
    jitter=st.floats(0, 1),
)
DRAWS = st.floats(0, 1, exclude_max=True)


@given(POLICIES, st.integers(1, 100_000), DRAWS)
def test_a_pause_lies_around_what_was_asked_for(policy: Retry, attempt: int, draw: float) -> None:
    middle = pause(policy, attempt, 0.5)
    paused = pause(policy, attempt, draw)

    assert 0 <= middle <= microseconds(policy.longest)
    assert abs(paused - middle) <= policy.jitter * middle + 1
    assert paused < 2**63


@given(POLICIES, st.integers(1, 200))
def test_pauses_never_grow_shorter(policy: Retry, attempt: int) -> None:
    assert pause(policy, attempt, 0.5) <= pause(policy, attempt + 1, 0.5)


def test_pauses_double_until_the_longest() -> None:
    policy = Retry(delay=1, factor=2, longest=10, jitter=0)

    assert [pause(policy, attempt, 0.9) for attempt in range(1, 7)] == [
        microseconds(seconds) for seconds in (1, 2, 4, 8, 10, 10)
    ]


def test_jitter_makes_a_pause_shorter_or_longer() -> None:
    policy = Retry(delay=100, jitter=0.25)

    assert pause(policy, 1, 0.0) == microseconds(75)
    assert pause(policy, 1, 0.5) == microseconds(100)
    assert pause(policy, 1, 0.75) == microseconds(112.5)


def test_no_delay_stays_none() -> None:
    assert pause(Retry(delay=0, factor=1e9), 10**6, 0.9) == 0


def test_what_is_worth_another_attempt() -> None:
    policy = Retry(on=(OSError, ValueError), not_on=(FileNotFoundError,))

    assert policy.wants(ConnectionError())
    assert policy.wants(UnicodeError())
    assert not policy.wants(FileNotFoundError())
    assert not policy.wants(KeyError())
    assert Retry().wants(KeyError())
    assert not Retry().wants(SystemExit())
    assert Retry(on=OSError).wants(ConnectionError())


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ValueError) as refused:
        Retry(attempts=0, delay=-1, factor=0.5, longest=-2, jitter=1.5, on=3, not_on=("x",))  # type: ignore[arg-type]

    assert str(refused.value) == (
        "Retry: attempts must be a whole number of at least 1, got 0;"
        " delay must be seconds from 0 to 3155760000, got -1;"
        " factor must be a number of at least 1, got 0.5;"
        " longest must be seconds from 0 to 3155760000, got -2;"
        " jitter must lie between 0 and 1, got 1.5;"
        " on must be exception classes, got 3;"
        " not_on must be exception classes, got ('x',)"
    )


@pytest.mark.parametrize("name", ["attempts", "delay", "factor", "longest", "jitter"])
@pytest.mark.parametrize("value", [math.nan, math.inf, "3", None, True])
def test_what_is_no_number_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^Retry: {name} must "):
        Retry(**{name: value})


def test_attempts_are_whole() -> None:
    with pytest.raises(ValueError, match=r"^Retry: attempts must be a whole number of at least 1, got 2\.5$"):
        Retry(attempts=2.5)  # type: ignore[arg-type]
