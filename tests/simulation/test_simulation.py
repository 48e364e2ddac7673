"""Whoever takes the next step, and whatever goes wrong: the laws hold.

To play other seeds than these: `AFTERWORD_TEST_SEEDS=1000-1999 .venv/bin/pytest tests/simulation -k by_hand -n 0`.
"""

import os

import pytest

from tests.simulation.broken import BROKEN
from tests.simulation.oracle import Broken
from tests.simulation.seeds import CALM, PLANS, failed_before, first_failure, play
from tests.simulation.towns import InMemory, InSqlite
from tests.simulation.world import Plan

FEW = range(24)
MANY = [range(first, first + 50) for first in range(24, 324, 50)]


@pytest.mark.parametrize("seed", failed_before())
@pytest.mark.parametrize("plan", range(len(PLANS)))
def test_what_once_went_wrong_stays_right(seed: int, plan: int) -> None:
    play(seed, InMemory, PLANS[plan])


def test_few_seeds() -> None:
    for seed in FEW:
        play(seed, InMemory)


@pytest.mark.process  # For its length.
@pytest.mark.parametrize("seeds", MANY, ids=str)
def test_many_seeds(seeds: range) -> None:
    for seed in seeds:
        play(seed, InMemory)


def test_few_seeds_in_sqlite() -> None:
    for seed in range(2):
        play(seed, InSqlite, Plan(requests=5, seconds=10.0, stop=65.0))


@pytest.mark.process  # For its length.
def test_many_seeds_in_sqlite() -> None:
    for seed in range(2, 14):
        play(seed, InSqlite)


@pytest.mark.skipif("AFTERWORD_TEST_SEEDS" not in os.environ, reason="played by hand only, with AFTERWORD_TEST_SEEDS")
@pytest.mark.timeout(0)
def test_seeds_by_hand() -> None:
    first, _, last = os.environ["AFTERWORD_TEST_SEEDS"].partition("-")
    for seed in range(int(first), int(last or first) + 1):
        play(seed, InMemory)


def test_where_nothing_goes_wrong_each_attempt_is_made_once() -> None:
    for seed in range(10):
        oracle = play(seed, InMemory, CALM)
        assert oracle.rescues == 0
        accepted = oracle.accepted()
        for id, promise in oracle.promises.items():
            made = sum(1 for one, _ in oracle.starts if one == id)
            assert made == (promise.attempts if id in accepted else 0), f"L5: {promise}"


def test_a_worker_that_stops_for_an_hour() -> None:
    plan = Plan(requests=6, seconds=120.0, trouble=20.0, stop=3600.0, person=False)
    stories = [play(seed, InMemory, plan).trace for seed in range(4)]
    assert any("worker" in line and line.endswith("stops for 3600.0 s") for story in stories for line in story)


def test_one_seed_is_one_story() -> None:
    assert play(7, InMemory).trace == play(7, InMemory).trace


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_store_is_found_out(name: str) -> None:
    fault = BROKEN[name]
    found = first_failure(range(60), fault.found)
    assert isinstance(found, Broken), "the oracle saw nothing"
    assert str(found).partition(":")[0] in fault.laws
