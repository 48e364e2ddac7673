"""One at a time passes the gate, and whoever stands in it can be named."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from afterword.errors import StoreUnavailable
from afterword.stores.sqlite.gate import Gate

PATIENCE = 30.0


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[float], Gate]]:
    gates: list[Gate] = []

    def make(patience: float) -> Gate:
        gates.append(Gate(tmp_path / "gate.lock", "jobs.db", patience))
        return gates[-1]

    yield make
    for gate in gates:
        gate.close()


def test_whoever_waits_passes_when_it_is_free(make: Callable[[float], Gate]) -> None:
    first, second = make(PATIENCE), make(PATIENCE)
    first.take()
    passed = threading.Event()
    thread = threading.Thread(target=lambda: [second.take(), passed.set()])  # type: ignore[func-returns-value]
    thread.start()
    assert not passed.wait(0.05)
    first.free()
    assert passed.wait(PATIENCE)
    thread.join()
    second.free()
    first.take()


def test_only_one_is_inside_at_a_time(make: Callable[[float], Gate]) -> None:
    inside: list[int] = []
    most: list[int] = []

    def pass_often(gate: Gate) -> None:
        for _ in range(200):
            gate.take()
            inside.append(1)
            most.append(len(inside))
            inside.pop()
            gate.free()

    threads = [threading.Thread(target=pass_often, args=(make(PATIENCE),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 800
    assert max(most) == 1


def test_waiting_has_an_end_and_names_the_holder(make: Callable[[float], Gate]) -> None:
    holder, waiting = make(PATIENCE), make(0.05)
    holder.take()
    with pytest.raises(StoreUnavailable, match=f"process {os.getpid()} has kept it from all others for 0.05 s"):
        waiting.take()


def test_what_a_vain_wait_gets_at_last_it_lets_go(make: Callable[[float], Gate]) -> None:
    holder, waiting, third = make(PATIENCE), make(0.05), make(PATIENCE)
    holder.take()
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            waiting.take()
    holder.free()
    third.take()  # Though `waiting` never comes again.
    third.free()
    waiting.take()


def test_a_second_wait_gets_what_the_first_waited_for_in_vain(make: Callable[[float], Gate]) -> None:
    holder, waiting = make(PATIENCE), make(0.05)
    holder.take()
    with pytest.raises(StoreUnavailable):
        waiting.take()
    threading.Timer(0.02, holder.free).start()
    waiting._patience = PATIENCE
    waiting.take()


def test_a_gate_that_is_closed_while_it_waits_lets_others_pass(make: Callable[[float], Gate]) -> None:
    holder, waiting, third = make(PATIENCE), make(0.05), make(PATIENCE)
    holder.take()
    with pytest.raises(StoreUnavailable):
        waiting.take()
    waiting.close()
    holder.free()
    third.take()


def test_a_closed_gate_is_free(make: Callable[[float], Gate]) -> None:
    holder, other = make(PATIENCE), make(PATIENCE)
    holder.take()
    holder.close()
    other.take()
