"""Which runner takes which job, and how many runners there should be: decisions only, `worker.pool` acts on them."""

from collections.abc import Sequence
from typing import NamedTuple


class Seat(NamedTuple):
    """A runner as far as these decisions need to know it."""

    load: int
    """Attempts handed to it that have not ended."""
    ready: bool
    """It has imported the application."""
    exclusive: bool
    """A suspect runs there, alone."""


class Shape(NamedTuple):
    """How large the pool may be."""

    ceiling: int
    """Runners that share the ordinary work. One more is kept warm beside them: for suspects, and to replace one that dies."""
    concurrency: int
    """Attempts at a time in one runner."""


def place(waiting: Sequence[bool], seats: Sequence[Seat], shape: Shape) -> list[int | None]:
    """For each waiting job (True: it must run alone) the index of its runner, None where it must wait.

    Ordinary jobs go to the runner with the least to do, a suspect to one that has nothing to do.
    """
    loads = [seat.load for seat in seats]
    exclusive = [seat.exclusive for seat in seats]
    places: list[int | None] = []
    for alone in waiting:
        index = _idle(seats, loads, exclusive) if alone else _least(seats, loads, exclusive, shape)
        if index is not None:
            loads[index] += 1
            exclusive[index] = alone
        places.append(index)
    return places


def spread(count: int, seats: Sequence[Seat], shape: Shape) -> list[int]:
    """The same for so many ordinary jobs, without those that must wait; quicker, since there may be hundreds."""
    shared = [(seat.load, index) for index, seat in enumerate(seats) if seat.ready and not seat.exclusive]
    busy = [one for one in shared if one[0]]
    idle = [one for one in shared if not one[0]][: max(0, shape.ceiling - len(busy))]
    open_ = [(level, index) for load, index in busy + idle for level in range(load, min(shape.concurrency, load + count))]
    return [index for _, index in sorted(open_)[:count]]


def one_by_one(feared: Sequence[bool], running: bool) -> list[bool]:
    """Which of the waiting jobs may be placed at all: of those feared to end their worker, one at a time, none while one is
    `running`. Else an innocent one would die with the guilty one, again and again, until its losses are too many."""
    may = []
    for one in feared:
        may.append(not (one and running))
        running = running or one
    return may


def room(seats: Sequence[Seat], shape: Shape) -> int:
    """How many more ordinary jobs could begin now."""
    shared = [seat for seat in seats if seat.ready and not seat.exclusive]
    busy = [seat for seat in shared if seat.load]
    idle = min(len(shared) - len(busy), max(0, shape.ceiling - len(busy)))
    return sum(max(0, shape.concurrency - seat.load) for seat in busy) + idle * shape.concurrency


def lacking(seats: Sequence[Seat], shape: Shape) -> bool:
    """Whether another runner should be started: none is at leisure or on its way, and there may be more."""
    return len(seats) <= shape.ceiling and all(seat.load for seat in seats)


def surplus(seats: Sequence[Seat]) -> int | None:
    """Index of a runner that nobody needs: a second one at leisure. None where there is none."""
    idle = [index for index, seat in enumerate(seats) if seat.ready and not seat.load]
    return idle[-1] if len(idle) > 1 else None


def _idle(seats: Sequence[Seat], loads: list[int], exclusive: list[bool]) -> int | None:
    shared = sum(seat.ready and not alone for seat, alone in zip(seats, exclusive, strict=True))
    if shared <= 1 and any(exclusive):
        return None  # One runner is left to ordinary work while a suspect runs.
    # The last one first: ordinary work fills the pool from the front.
    return next((index for index in reversed(range(len(seats))) if seats[index].ready and not loads[index]), None)


def _least(seats: Sequence[Seat], loads: list[int], exclusive: list[bool], shape: Shape) -> int | None:
    shared = [index for index in range(len(seats)) if seats[index].ready and not exclusive[index]]
    busy = [index for index in shared if loads[index]]
    usable = shared if len(busy) < shape.ceiling else busy
    open_ = [index for index in usable if loads[index] < shape.concurrency]
    return min(open_, key=loads.__getitem__, default=None)
