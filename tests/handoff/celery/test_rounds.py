"""Who is searched for, and when."""

from afterword.handoff.celery.rounds import Rounds


def test_a_job_is_searched_for_when_it_has_been_asked_for_long_enough_and_again_after_as_long() -> None:
    rounds = Rounds(10.0)

    assert [now for now in range(31) if rounds.due(["a"], now)] == [10, 20, 30]


def test_those_that_are_asked_for_at_other_times_have_their_turn_too() -> None:
    rounds = Rounds(10.0)
    turns = {batch: [now for now in range(number, 60, 4) if rounds.due([batch], now)] for number, batch in enumerate("abcd")}

    assert all(len(found) >= 4 for found in turns.values())


def test_all_that_are_asked_for_together_share_a_turn() -> None:
    rounds = Rounds(10.0)
    rounds.due(["a"], 0)

    assert not rounds.due(["a", "b"], 9)
    assert rounds.due(["a", "b"], 10)
    assert not rounds.due(["b"], 19)
    assert rounds.due(["b"], 20)


def test_nobody_has_a_turn_where_nobody_asks() -> None:
    assert not Rounds(0.0).due([], 5)


def test_with_no_pause_it_is_always_their_turn() -> None:
    rounds = Rounds(0.0)

    assert rounds.due(["a"], 5)
    assert rounds.due(["a"], 5)


def test_what_nobody_asks_for_any_more_is_dropped() -> None:
    rounds = Rounds(1.0)
    for number in range(30_000):
        rounds.due([str(number)], number / 100)

    assert len(rounds._next) < 12_000
