"""Which runner takes which job: pure decisions."""

from hypothesis import given
from hypothesis import strategies as st

from afterword.worker.placing import Room, Seat, Shape, lacking, one_by_one, place, room, spread, surplus

TWO = Shape(ceiling=2, concurrency=4)


def seat(load: int = 0, *, ready: bool = True, exclusive: bool = False) -> Seat:
    return Seat(load, ready, exclusive)


def test_a_job_goes_to_the_runner_with_the_least_to_do() -> None:
    assert place([False], [seat(3), seat(1)], TWO) == [1]


def test_jobs_spread_over_the_runners() -> None:
    assert place([False] * 4, [seat(), seat()], TWO) == [0, 1, 0, 1]


def test_nobody_is_given_more_than_it_can_begin() -> None:
    assert place([False] * 3, [seat(3)], TWO) == [0, None, None]


def test_a_runner_that_is_not_ready_gets_nothing() -> None:
    assert place([False, True], [seat(ready=False)], TWO) == [None, None]


def test_ordinary_work_leaves_the_runner_beyond_the_ceiling_warm() -> None:
    assert place([False] * 9, [seat(), seat(), seat()], TWO) == [0, 1, 0, 1, 0, 1, 0, 1, None]


def test_a_suspect_runs_alone() -> None:
    assert place([True, False, True], [seat(1), seat()], TWO) == [1, 0, None]


def test_a_suspect_takes_the_warm_runner_though_all_others_are_busy() -> None:
    assert place([True], [seat(4), seat(4), seat()], TWO) == [2]


def test_suspects_leave_a_runner_to_ordinary_work() -> None:
    assert place([True, True, True, False], [seat(), seat(), seat()], TWO) == [2, 1, None, 0]
    assert place([True, False], [seat()], TWO) == [0, None]


def test_nothing_joins_a_suspect() -> None:
    assert place([False], [seat(1, exclusive=True)], TWO) == [None]


def test_another_runner_is_lacking_when_all_are_busy_or_none_is_there() -> None:
    assert lacking([], TWO)
    assert lacking([seat(1)], TWO)
    assert not lacking([seat(1), seat()], TWO)
    assert not lacking([seat(1), seat(ready=False)], TWO)
    assert not lacking([seat(1), seat(1), seat(1)], TWO)


def test_a_second_idle_runner_is_surplus() -> None:
    assert surplus([seat()]) is None
    assert surplus([seat(), seat(1)]) is None
    assert surplus([seat(), seat(1), seat()]) == 2


seats_of_any_kind = st.lists(
    st.builds(Seat, load=st.integers(0, 4), ready=st.booleans(), exclusive=st.booleans(), ahead=st.just(0)).map(
        # A runner that is not ready has nothing in hand, and an exclusive one exactly one job.
        lambda s: Seat(0, False, False) if not s.ready else Seat(1, True, True) if s.exclusive else s
    ),
    max_size=5,
)
shapes = st.builds(Shape, ceiling=st.integers(1, 4), concurrency=st.integers(4, 6))


def test_of_those_that_are_feared_to_end_their_worker_one_goes_at_a_time() -> None:
    assert one_by_one([False, True, False, True], running=False) == [True, True, True, False]
    assert one_by_one([True, False, True], running=True) == [False, True, False]


@given(seats_of_any_kind, shapes, st.integers(0, 40))
def test_room_is_how_many_ordinary_jobs_find_a_place(seats: list[Seat], shape: Shape, jobs: int) -> None:
    placed = [index for index in place([False] * jobs, seats, shape) if index is not None]
    assert len(placed) == min(jobs, room(seats, shape).now)


@given(seats_of_any_kind, shapes, st.lists(st.integers(0, 9), min_size=5, max_size=5), st.integers(0, 60))
def test_those_handed_over_ahead_come_after_all_that_can_begin(
    seats: list[Seat], shape: Shape, ahead: list[int], jobs: int
) -> None:
    eager = [seat._replace(ahead=more) for seat, more in zip(seats, ahead, strict=False)]
    places = spread(jobs, eager, shape)
    there = room(eager, shape)
    assert there.now == room(seats, shape).now
    assert len(places) == min(jobs, there.now + there.ahead)
    assert sorted(places[: there.now]) == sorted(spread(min(jobs, there.now), seats, shape))
    for index, one in enumerate(eager):
        assert places.count(index) == 0 or one.load + places.count(index) <= shape.concurrency + one.ahead


def test_what_waits_takes_the_best_places_first() -> None:
    assert Room(4, 6).but(3) == Room(1, 6)
    assert Room(4, 6).but(7) == Room(0, 3)
    assert Room(4, 6).but(12) == Room(0, 0)


@given(seats_of_any_kind, shapes, st.lists(st.booleans(), max_size=12))
def test_no_runner_is_overfull_and_no_suspect_has_company(seats: list[Seat], shape: Shape, waiting: list[bool]) -> None:
    places = place(waiting, seats, shape)
    for index, taken in enumerate(seats):
        here = [alone for alone, at in zip(waiting, places, strict=True) if at == index]
        if here:
            assert taken.ready
            assert not taken.exclusive
            assert taken.load + len(here) <= shape.concurrency
        if any(here):
            assert taken.load == 0
            assert len(here) == 1


@given(seats_of_any_kind, shapes, st.integers(0, 40))
def test_many_ordinary_jobs_are_spread_as_they_would_be_placed_one_by_one(seats: list[Seat], shape: Shape, jobs: int) -> None:
    placed = [index for index in place([False] * jobs, seats, shape) if index is not None]
    assert sorted(spread(jobs, seats, shape)) == sorted(placed)
