"""What a person sees of one job."""

import pytest

from afterword.cli.jobs.showing import show, waiting
from afterword.jobs.job import Job, State
from afterword.jobs.retry import Retry
from afterword.stores.store import WorkerSeen
from afterword.testing.contract.bench import job

NOW = 1_700_000_000_000_000

FINISHED = job(
    id="0199aaaa-0000-7000-8000-00000000beef",
    state=State.FAILED,
    arguments='{"to":"añada"}'.encode(),
    added_at=NOW - 5_000_000,
    started_at=NOW - 3_000_000,
    ended_at=NOW,
    attempt=2,
    lost=1,
    timeout=1_500_000,
    retry=Retry(attempts=2),
    result=b"[1]",
    error="Traceback (most recent call last):\n  no\x1b",
)


WORKERS = [WorkerSeen("another", 4711, "main:app", 0)]


def test_everything_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    show(FINISHED, [], NOW)
    assert capsys.readouterr().out == (
        "id       0199aaaa-0000-7000-8000-00000000beef\n"
        "state    failed\n"
        "task     main:send\n"
        "app      main:app\n"
        "queue    default, priority 0\n"
        "attempt  2 of 2\n"
        "timeout  1.5 s\n"
        "lost     1\n"
        "added    2023-11-14T22:13:15Z, 5s ago\n"
        "started  2023-11-14T22:13:17Z, 3s ago\n"
        "ended    2023-11-14T22:13:20Z, 0s ago\n"
        "\n"
        "arguments\n"
        "  {\n"
        '    "to": "añada"\n'
        "  }\n"
        "\n"
        "result\n"
        "  [\n"
        "    1\n"
        "  ]\n"
        "\n"
        "error\n"
        "  Traceback (most recent call last):\n"
        "    no\\x1b\n"
    )


def test_a_unique_key_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show(FINISHED._replace(unique_key="report-7"), [], NOW)
    assert "unique key  report-7\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (job(state=State.HELD, owner="me"), "waits for the end of its request, in the process me"),
        (job(state=State.HELD, after="an-id"), "waits for the job an-id"),
        (
            job(state=State.HELD, owner="me", after="an-id"),
            "waits for the end of its request, in the process me and for the job an-id",
        ),
        (job(run_at=NOW + 90_000_000), "waits until 2023-11-14T22:14:50Z, in 1m"),
        (job(run_at=NOW), "waits for a worker that has room"),
        (
            job(app="shop:app"),
            "waits, and no worker of shop:app lives: start the application, or `afterword worker shop:app`",
        ),
        (job(state=State.RUNNING, owner="me"), "runs in the worker that holds the lock me"),
        (job(state=State.SUCCEEDED), None),
        (job(state=State.CANCELLED), None),
    ],
)
def test_what_it_waits_for(one: Job, words: str | None) -> None:
    assert waiting(one, WORKERS, NOW) == words


def test_a_worker_that_is_known_has_a_pid(capsys: pytest.CaptureFixture[str]) -> None:
    show(job(state=State.RUNNING, owner="me", at_most_once=True), [WORKERS[0]._replace(process="me")], NOW)
    out = capsys.readouterr().out
    assert "state    running\n         runs in the worker 4711\n" in out
    assert "attempt  0 of 1, at most once\n" in out


def test_what_an_engine_has_is_said() -> None:
    handed = job(state=State.HANDED_OFF, via="celery")
    assert waiting(handed, [], 0) == "celery has it"
    assert waiting(handed._replace(unwanted=True), [], 0) == "celery is told to cancel it"


@pytest.mark.parametrize(("theirs", "said"), [(False, "via"), (True, "a task of its own")])
def test_who_runs_it_is_shown(theirs: bool, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(job(state=State.QUEUED, via="celery", theirs=theirs), [], 0)
    assert said in capsys.readouterr().out
