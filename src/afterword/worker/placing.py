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
    ahead: int = 0
    """Attempts that it may be handed beyond those that it can make at a time: it begins them as others end."""


class Room(NamedTuple):
    """Places for ordinary jobs."""

    now: int
    """Those of jobs that could begin at once."""
    ahead: int
    """Those beyond."""

    def but(self, taken: int) -> "Room":
        """What is left of it when so many are taken, the first ones first."""
        now = max(0, self.now - taken)
        return Room(now, max(0, self.now + self.ahead - taken) - now)


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
    """The same for so many ordinary jobs, without those that must wait, and with those that are handed over ahead; quicker,
    since there may be hundreds."""
    open_: list[tuple[int, int]] = []
    for index in _working(seats, shape):
        load, most = seats[index].load, shape.concurrency + seats[index].ahead
        open_ += [(level, index) for level in range(load, min(most, load + count))]
    return [index for _, index in sorted(open_)[:count]]


def one_by_one(feared: Sequence[bool], running: bool) -> list[bool]:
    """Which of the waiting jobs may be placed at all: of those feared to end their worker, one at a time, none while one is
    `running`. Else an innocent one would die with the guilty one, again and again, until its losses are too many."""
    may = []
    for one in feared:
        may.append(not (one and running))
        running = running or one
    return may


def room(seats: Sequence[Seat], shape: Shape) -> Room:
    """For how many more ordinary jobs there is a place."""
    working = [seats[index] for index in _working(seats, shape)]
    now = sum(max(0, shape.concurrency - seat.load) for seat in working)
    ahead = sum(max(0, seat.ahead - max(0, seat.load - shape.concurrency)) for seat in working)
    return Room(now, ahead)


def lacking(seats: Sequence[Seat], shape: Shape) -> bool:
    """Whether another runner should be started: none is at leisure or on its way, and there may be more."""
    return len(seats) <= shape.ceiling and all(seat.load for seat in seats)


def surplus(seats: Sequence[Seat]) -> int | None:
    """Index of a runner that nobody needs: a second one at leisure. None where there is none."""
    idle = [index for index, seat in enumerate(seats) if seat.ready and not seat.load]
    return idle[-1] if len(idle) > 1 else None


def _working(seats: Sequence[Seat], shape: Shape) -> list[int]:
    """Those that share the ordinary work: the busy ones, and of those at leisure as many as there may be."""
    shared = [index for index, seat in enumerate(seats) if seat.ready and not seat.exclusive]
    busy = [index for index in shared if seats[index].load]
    idle = [index for index in shared if not seats[index].load]
    return busy + idle[: max(0, shape.ceiling - len(busy))]


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
