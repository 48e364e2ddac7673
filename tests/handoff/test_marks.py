"""The fence: who may begin, decided from a mark, and kept where two cannot begin at once."""

import threading
from collections.abc import Callable, Iterator

import pytest

from afterword.handoff.celery.results import ValueMarks
from afterword.handoff.envelope import Answer, Idle
from afterword.handoff.marks import Mark, Marks, Refused, Run, Wait, judge
from afterword.handoff.redis_marks import RedisMarks
from afterword.jobs.outcome import Failed, Succeeded
from tests.support.processes import wait_until
from tests.support.valkey import Valkey, valkey


def run(token: int = 2, key: str = "one", id: str = "id") -> Run:
    return Run(id, token, key, "w@host", 7)


def answered(outcome: Succeeded | Failed, token: int = 2) -> Answer:
    return Answer(token, outcome, "w@host")


@pytest.mark.parametrize(
    ("mark", "once", "verdict"),
    [
        (Mark(), False, None),
        (Mark(offered=2), False, None),
        (Mark(offered=3), False, Idle("this is its hand-off 2, an old one: 3 has taken its place")),
        (Mark(begun=3), False, Idle("this is its hand-off 2, an old one: 3 has taken its place")),
        (Mark(cancelled=2), False, Idle("it was cancelled")),
        (Mark(cancelled=1), False, None),
        (Mark(begun=2, answer=answered(Succeeded())), False, Idle("this attempt has ended already")),
        (Mark(begun=2, by="w", alive=True), False, Wait(9.0, "w runs it, or died less than a lease ago")),
        (Mark(begun=1, by="w", alive=True), False, Wait(9.0, "w runs it, or died less than a lease ago")),
        (Mark(begun=2, by="w"), False, None),
        (Mark(begun=2, by="w"), True, Idle("the process that began this attempt has died, and it runs at most once")),
        (Mark(begun=1, answer=answered(Failed("no"), 1)), False, None),
        (Mark(begun=1, answer=answered(Succeeded(b"1"), 1)), False, Succeeded(b"1")),
        (Mark(begun=1, cancelled=1, answer=answered(Succeeded(b"1"), 1)), False, None),
    ],
)
def test_who_may_begin(mark: Mark, once: bool, verdict: Refused | None) -> None:
    assert judge(mark, run(), once, rest=9.0) == verdict


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


@pytest.fixture(params=["redis", "values"])
def marks(request: pytest.FixtureRequest) -> Iterator[Marks]:
    if request.param == "values":
        kept: dict[bytes, bytes] = {}
        yield ValueMarks(kept.get, kept.__setitem__)
        return
    server: Valkey = request.getfixturevalue("server")
    with server.client() as client:
        client.flushall()
        yield RedisMarks(client)


process = pytest.mark.process


@process
def test_what_was_begun_is_seen(marks: Marks) -> None:
    assert marks.begin(run(), once=False) is None

    assert list(marks.read(["id", "other"])) == [Mark(begun=2, by="w@host", started=7, alive=True), Mark()]


@process
def test_a_second_one_waits_while_the_first_one_runs_and_does_nothing_afterwards(marks: Marks) -> None:
    marks.begin(run(), once=False)

    assert isinstance(marks.begin(run(key="two"), once=False), Wait)
    marks.end(run(), answered(Succeeded(b"1")))
    assert marks.begin(run(key="two"), once=False) == Idle("this attempt has ended already")


@process
@pytest.mark.parametrize("outcome", [Succeeded(b'"\xc3\xa4"'), Succeeded(), Failed("no", retry=False)])
def test_an_answer_is_kept(marks: Marks, outcome: Succeeded | Failed) -> None:
    marks.begin(run(), once=False)
    marks.end(run(), answered(outcome))

    [mark] = marks.read(["id"])
    assert (mark.answer, mark.alive) == (answered(outcome), False)


@process
def test_the_first_answer_counts(marks: Marks) -> None:
    marks.begin(run(), once=False)
    marks.end(run(), answered(Failed("first")))
    marks.end(run(key="two"), answered(Succeeded(b"2")))

    assert marks.read(["id"])[0].answer == answered(Failed("first"))


@process
def test_a_late_answer_of_an_overtaken_attempt_is_dropped(marks: Marks) -> None:
    marks.begin(run(token=3, key="later"), once=False)

    marks.end(run(), answered(Succeeded(b"2")))

    assert marks.read(["id"])[0] == Mark(begun=3, by="w@host", started=7, alive=True)


@process
def test_another_attempt_begins_without_the_answer_of_the_one_before(marks: Marks) -> None:
    marks.begin(run(), once=False)
    marks.end(run(), answered(Failed("first")))

    assert marks.begin(run(token=3), once=False) is None
    assert marks.read(["id"])[0].answer is None


@process
def test_a_mark_that_was_lost_is_written_again_by_the_next_renewal(marks: Marks) -> None:
    marks.renew(run())

    assert marks.read(["id"])[0] == Mark(begun=2, by="w@host", started=7, alive=True)


@process
def test_a_run_that_was_overtaken_renews_nothing(marks: Marks) -> None:
    marks.begin(run(token=3, key="later"), once=False)

    marks.renew(run())

    assert marks.read(["id"])[0].begun == 3


@process
def test_notes_only_grow(marks: Marks) -> None:
    for token in (2, 5, 3):
        marks.offer("id", token)
        marks.cancel("id", token - 1)

    assert marks.read(["id"])[0] == Mark(offered=5, cancelled=4)


@process
def test_a_lease_runs_out(server: Valkey) -> None:
    kept: dict[bytes, bytes] = {}
    with server.client() as client:
        client.flushall()
        for marks in (RedisMarks(client, lease=0.05), ValueMarks(kept.get, kept.__setitem__, lease=0.05)):
            marks.begin(run(), once=False)
            wait_until(_dead(marks), "the lease to run out")
            assert marks.begin(run(key="two"), once=True) is not None
            assert marks.begin(run(key="two"), once=False) is None


@process
def test_of_many_that_begin_at_the_same_moment_one_does(server: Valkey) -> None:
    with server.client() as client:
        client.flushall()
        marks = RedisMarks(client)
        verdicts: list[Refused | None] = []
        start = threading.Barrier(8)

        def begin(key: str) -> None:
            start.wait()
            verdicts.append(marks.begin(run(key=key), once=False))

        threads = [threading.Thread(target=begin, args=(str(number),)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert verdicts.count(None) == 1
    assert sum(isinstance(verdict, Wait) for verdict in verdicts) == 7


def _dead(marks: Marks) -> Callable[[], bool]:
    return lambda: not marks.read(["id"])[0].alive
