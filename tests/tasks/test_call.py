"""A call, bound and made into a job."""

import os
import uuid
from pathlib import Path

import pytest

from afterword.errors import ArgumentRefused, ArgumentsTooLarge, TaskRefused
from afterword.jobs.job import Job, State
from afterword.jobs.retry import Retry
from afterword.tasks.call import Binder, Call, new_id
from afterword.tasks.registry import Registry
from afterword.tasks.task import Options, Task

REGISTRY = Registry(Path(__file__).parents[2])


def send(to: str, text: str = "") -> None: ...


def test_a_call_is_a_task_and_its_arguments_as_json() -> None:
    call = Binder(REGISTRY, 1000).bind(send, ("a@b.example",), {"text": "hi"})

    assert call == Call(REGISTRY.of(send), b'{"to":"a@b.example","text":"hi"}')


def test_what_cannot_be_called_later_is_refused_now() -> None:
    with pytest.raises(TaskRefused):
        Binder(REGISTRY, 1000).bind(lambda: None, (), {})
    with pytest.raises(ArgumentRefused):
        Binder(REGISTRY, 1000).bind(send, (b"x",), {})
    with pytest.raises(TypeError, match="missing a required argument: 'to'"):
        Binder(REGISTRY, 1000).bind(send, (), {})


def test_arguments_may_take_as_many_bytes_as_the_limit_says() -> None:
    exact = len('{"to":"ü"}'.encode())

    assert Binder(REGISTRY, exact).bind(send, ("ü",), {}).arguments == '{"to":"ü"}'.encode()
    with pytest.raises(ArgumentsTooLarge) as refused:
        Binder(REGISTRY, exact - 1).bind(send, ("ü",), {})

    assert str(refused.value) == (
        f"The arguments of {__name__}:send take {exact} bytes as JSON; at most {exact - 1} are written down."
        " Store the data yourself and pass its key or path, or raise max_arguments."
    )


def test_a_job_has_the_options_of_its_task() -> None:
    retry = Retry(attempts=7)
    task = Task(send, "send", Options(retry, "mail", 3, True, True, timeout=1.5))

    job = Call(task, b"{}").job(id="1", app="main:app", now=5, owner="p", after="0")

    assert job == Job(
        id="1",
        app="main:app",
        task="send",
        arguments=b"{}",
        added_at=5,
        retry=retry,
        state=State.HELD,
        queue="mail",
        priority=3,
        owner="p",
        after="0",
        at_most_once=True,
        timeout=1_500_000,
    )


def test_a_job_of_an_unordered_task_waits_for_no_other() -> None:
    task = Task(send, "send", Options(ordered=False))

    job = Call(task, b"{}").job(id="1", app="main:app", now=5, state=State.QUEUED, after="0")

    assert (job.after, job.state, job.owner) == (None, State.QUEUED, None)


def test_ids_grow_and_are_of_version_7() -> None:
    ids = [new_id() for _ in range(20_000)]

    assert ids == sorted(set(ids))
    assert uuid.UUID(ids[0]).version == 7


def test_ids_stay_different_in_a_forked_process() -> None:
    new_id()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, " ".join(new_id() for _ in range(1000)).encode())
        os._exit(0)
    ours = {new_id() for _ in range(1000)}
    os.close(writing)
    with os.fdopen(reading) as answer:
        theirs = set(answer.read().split())
    os.waitpid(child, 0)

    assert len(theirs) == 1000
    assert not ours & theirs
