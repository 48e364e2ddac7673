"""What a pool does with jobs when it has no runner for them."""

from collections.abc import Sequence

from afterword.events import nobody
from afterword.jobs.job import Job
from afterword.jobs.outcome import Interrupted, Outcome
from afterword.jobs.retry import Retry
from afterword.launch import Launch
from afterword.worker.placing import Room
from afterword.worker.pool import Pool

JOB = Job(id="a", app="main:app", task="main:send", arguments=b"{}", added_at=0, retry=Retry())


def pool() -> tuple[Pool, list[tuple[Job, Outcome]]]:
    answers: list[tuple[Job, Outcome]] = []

    def answer(attempts: Sequence[tuple[Job, Outcome]]) -> None:
        answers.extend(attempts)

    return Pool(Launch(store="memory", app="main:app", path=()), None, answer, nobody, lambda: 0), answers


def test_without_a_runner_there_is_no_room_and_jobs_wait() -> None:
    waiting, answers = pool()
    assert waiting.room() == Room(0, 0)
    waiting.take([JOB])
    assert not waiting.idle
    assert answers == []


def test_what_waits_when_it_closes_comes_back_not_begun() -> None:
    closing, answers = pool()
    closing.take([JOB])
    closing.close()
    assert answers == [(JOB, Interrupted("its worker is stopping", started=False))]
    assert closing.idle


def test_what_comes_after_it_closed_comes_back_too() -> None:
    closed, answers = pool()
    closed.close()
    closed.take([JOB])
    assert answers == [(JOB, Interrupted("its worker is stopping", started=False))]
    assert closed.idle
