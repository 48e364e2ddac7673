"""One attempt: every way out is an outcome."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from afterword import Retry, task
from afterword.attempt import LONGEST_ERROR, NOT_CALLED_PAUSE, NotCalled, attempt, attempt_here
from afterword.cli.jobs.spelling import reason
from afterword.frames import Attempted, Order
from afterword.jobs.job import State
from afterword.jobs.outcome import Failed, Snoozed, Succeeded
from afterword.tasks.codec import encode
from afterword.tasks.registry import Registry
from afterword.tasks.task import Task
from afterword.testing.contract.bench import job


@task(name="attempt.double")
def double(number: int) -> int:
    return 2 * number


@task(name="attempt.raise", retry=Retry(not_on=(KeyError,)))
def raise_(kind: str) -> None:
    kinds: dict[str, BaseException] = {
        "value": ValueError("no"),
        "key": KeyError("no"),
        "exit": SystemExit(2),
        "cancel": asyncio.CancelledError(),
        "long": ValueError("x" * 2 * LONGEST_ERROR + "the end"),
        "surrogate": ValueError("\ud800"),
        "mute": Mute(),
    }
    raise kinds[kind]


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError


async def call(task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    value = task.function(*args, **kwargs)
    return await value if task.is_async else value


async def made(task: Task[..., Any], *args: Any, timeout: int | None = None) -> Attempted:
    return await attempt(Order(0, "id", task.name, 1, None, timeout, encode(task, args, {})), Registry(None), call)


async def test_what_the_function_returns_is_the_result() -> None:
    assert await made(double, 21) == Succeeded(b"42")


@pytest.mark.parametrize(
    ("kind", "retry", "said"),
    [
        ("value", True, "ValueError: no"),
        ("key", False, "KeyError: 'no'"),
        ("exit", False, "SystemExit: 2"),
        ("cancel", False, "CancelledError"),
        ("surrogate", True, "\\ud800"),
        ("mute", True, "Mute"),
    ],
)
async def test_whatever_is_raised_is_a_failure(kind: str, retry: bool, said: str) -> None:
    outcome = await made(raise_, kind)
    assert isinstance(outcome, Failed)
    assert outcome.retry is retry
    assert said in outcome.error
    outcome.error.encode()


async def test_a_traceback_begins_with_the_users_frames() -> None:
    outcome = await made(raise_, "value")
    assert isinstance(outcome, Failed)
    assert "attempt.py" not in outcome.error.replace("test_attempt.py", "")


async def test_of_a_long_traceback_the_end_is_kept() -> None:
    outcome = await made(raise_, "long")
    assert isinstance(outcome, Failed)
    assert len(outcome.error) < LONGEST_ERROR + 10
    assert outcome.error.endswith("the end\n")


async def test_an_unknown_task_is_left_for_a_worker_that_knows_it() -> None:
    outcome = await attempt(Order(0, "id", "nowhere:nothing", 1, None, None, b"{}"), Registry(Path.cwd()), call)
    assert isinstance(outcome, Snoozed)
    assert "nowhere" in outcome.reason


async def test_what_could_not_be_called_is_put_off() -> None:
    async def refuse(task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        raise NotCalled("no thread")

    order = Order(0, "id", double.name, 1, None, None, encode(double, (21,), {}))
    assert await attempt(order, Registry(None), refuse) == Snoozed(NOT_CALLED_PAUSE, "no thread")


async def test_arguments_that_no_longer_fit_fail_without_another_try() -> None:
    outcome = await attempt(Order(0, "id", double.name, 1, None, None, b'{"other":1}'), Registry(None), call)
    assert isinstance(outcome, Failed)
    assert not outcome.retry
    assert "do not fit its present signature" in outcome.error


async def test_a_module_that_fails_to_import_is_the_jobs_failure_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_module_of_the_user.py").write_text("def send(): ...\nraise RuntimeError('half done')\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    outcome = await attempt(Order(0, "id", "broken_module_of_the_user:send", 1, None, None, b"{}"), Registry(tmp_path), call)
    assert isinstance(outcome, Failed)
    assert outcome.retry
    assert "half done" in outcome.error


@task
async def wait_for_ever() -> None:
    await asyncio.Event().wait()


@task(retry=Retry(attempts=3, not_on=(TimeoutError,)))
async def wait_for_ever_once() -> None:
    await asyncio.Event().wait()


@task
async def clean_up_badly() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        raise ValueError("no broom")


@task
async def time_out() -> None:
    raise TimeoutError("of its own")


async def test_a_coroutine_that_takes_too_long_is_cancelled() -> None:
    outcome = await made(wait_for_ever, timeout=1000)

    assert isinstance(outcome, Failed)
    assert outcome.retry
    assert outcome.error.startswith("Traceback")
    assert outcome.error.endswith("\nTimeoutError: it took longer than its timeout of 0.001 s\n")


async def test_whether_it_is_tried_again_is_asked_of_its_policy() -> None:
    outcome = await made(wait_for_ever_once, timeout=1000)

    assert isinstance(outcome, Failed)
    assert not outcome.retry


async def test_that_it_took_too_long_is_what_people_see_of_it_and_where_it_was() -> None:
    outcome = await made(wait_for_ever, timeout=1000)

    assert isinstance(outcome, Failed)
    assert reason(job(state=State.FAILED, error=outcome.error)) == "TimeoutError: it took longer than its timeout of 0.001 s"
    assert "await asyncio.Event().wait()" in outcome.error
    assert "timeouts.py" not in outcome.error
    assert "CancelledError" not in outcome.error


async def test_what_it_raises_when_it_is_cut_off_is_told_too() -> None:
    outcome = await made(clean_up_badly, timeout=1000)

    assert isinstance(outcome, Failed)
    assert "\nValueError: no broom\n" in outcome.error
    assert reason(job(state=State.FAILED, error=outcome.error)) == "TimeoutError: it took longer than its timeout of 0.001 s"
    assert outcome.error.endswith("\nTimeoutError: it took longer than its timeout of 0.001 s\n")


async def test_a_timeout_of_its_own_is_none_of_ours() -> None:
    outcome = await made(time_out, timeout=60_000_000)

    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("Traceback")


@task
def loop_of_its_own() -> int:
    return asyncio.run(asyncio.sleep(0, 7))


@task
async def thirds(number: int) -> int:
    return number // 3


class Late(Exception):
    """What an engine raises in a function whose time is up."""


@task(retry=Retry(not_on=(TimeoutError,)))
def dawdle() -> None:
    raise Late


def here(task: Task[..., Any], *args: Any, timeout: int | None = None) -> Attempted:
    return attempt_here(Order(0, "id", task.name, 1, None, timeout, encode(task, args, {})), Registry(None), (Late,))


def test_in_this_thread_a_function_may_run_a_loop_of_its_own() -> None:
    assert here(loop_of_its_own) == Succeeded(b"7")


def test_in_this_thread_a_coroutine_gets_a_loop() -> None:
    assert here(thirds, 21) == Succeeded(b"7")


def test_in_this_thread_a_coroutine_that_takes_too_long_is_cancelled() -> None:
    outcome = here(wait_for_ever, timeout=1000)

    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("Traceback")
    assert outcome.error.endswith("\nTimeoutError: it took longer than its timeout of 0.001 s\n")


def test_in_this_thread_a_function_that_takes_too_long_fails_as_a_coroutine_does() -> None:
    outcome = here(dawdle, timeout=1_500_000)

    assert isinstance(outcome, Failed)
    assert outcome.error.startswith("Traceback")
    assert outcome.error.endswith("\nTimeoutError: it took longer than its timeout of 1.5 s\n")
    assert not outcome.retry


@pytest.mark.parametrize("kind", ["exit", "cancel", "mute"])
def test_in_this_thread_whatever_is_raised_is_a_failure(kind: str) -> None:
    assert isinstance(here(raise_, kind), Failed)
