"""The key under which a call is unique."""

import enum
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afterword.errors import OptionsRefused, UniqueKeyRefused
from afterword.jobs.job import State
from afterword.tasks.call import Binder
from afterword.tasks.registry import Registry, task
from afterword.tasks.task import Options, Task, Unique
from tests.tasks.conftest import Project

ROOT = Path(__file__).parents[2]
BINDER = Binder(Registry(ROOT), 100_000)


def send(to: str, text: str = "hi", *, times: int = 1) -> None: ...


def gather(first: int, /, *rest: int, **more: Any) -> None: ...


def key(unique: Unique, function: Callable[..., Any], *args: Any, **kwargs: Any) -> str | None:
    return BINDER.bind(Task(function, "it", Options(unique=unique)), args, kwargs).unique_key


def test_a_call_is_not_unique_unless_it_is_told() -> None:
    assert key(False, send, "a") is None


def test_true_makes_it_of_the_name_and_the_arguments() -> None:
    assert key(True, send, "ü", times=2) == 'it {"times":2,"to":"\\u00fc"}'
    assert key(True, send, to="ü", times=2) == key(True, send, times=2, to="ü")
    assert key(True, send, "a") != key(True, send, "b")
    assert key(True, gather, 1, other=1) != key(True, gather, 1, other="1")


def test_what_is_long_is_hashed_and_the_same_in_every_process() -> None:
    long = key(True, send, "a" * 1000)
    assert long is not None
    assert len(long) == len("it ") + 64
    assert long != key(True, send, "a" * 1001)
    program = "from tests.tasks.test_unique import key, send; print(key(True, send, 'a' * 1000))"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True, check=True
    )
    assert told.stdout.decode().strip() == long


def test_a_function_is_given_all_arguments_by_name() -> None:
    given: list[dict[str, Any]] = []
    key(lambda **values: given.append(values), send, "a", times=2)
    key(lambda **values: given.append(values), gather, 1, 2, 3, first=4, other=5)
    assert given == [{"to": "a", "text": "hi", "times": 2}, {"first": 1, "rest": (2, 3), "other": 5}]


class Kind(enum.StrEnum):
    DAILY = "daily"


def test_it_returns_the_key_or_none() -> None:
    assert key(lambda to, **_: f"mail-{to}", send, "a") == "mail-a"
    assert key(lambda to, **_: None, send, "a") is None
    assert key(lambda to, **_: "ü" * 200, send, "a") == "ü" * 200
    assert type(key(lambda to, **_: Kind.DAILY, send, "a")) is str


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        (7, "int"),
        (b"a", "bytes"),
        (True, "bool"),
        ("", "''"),
        ("a\n", "'a\\n'"),
        ("\ud800", "'\\ud800'"),
        ("a" * 201, "201 characters"),
    ],
)
def test_anything_else_is_refused(wrong: Any, got: str) -> None:
    with pytest.raises(UniqueKeyRefused) as refused:
        key(lambda **_: wrong, send, "a")
    assert str(refused.value) == (
        f"The function for `unique` made no key of these arguments of it: got {got}. Let it return a text of 1 to 200 printable"
        " characters, or None where the call is not to be unique."
    )


def test_what_it_raises_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        key(lambda **_: str(1 // 0), send, "a")


def test_it_goes_into_the_job() -> None:
    call = BINDER.bind(Task(send, "it", Options(unique=lambda **_: "a")), ("a",), {})
    assert call.job(id="1", app="main:app", now=5, state=State.QUEUED).unique_key == "a"


# As an option


def options(unique: Any) -> Options:
    return task(name="it", unique=unique)(send).options


def test_it_is_an_option(project: Project) -> None:
    def of(to: str, **_: object) -> str:
        return to

    assert options(True).unique is True
    assert options(of).unique is of
    assert options(str.format).unique is str.format  # Whoever takes no names says so when it is called.
    assert task(send).options.unique is False


@pytest.mark.parametrize("wrong", ["report-{user_id}", None, 1])
def test_only_true_or_a_function_will_do(project: Project, wrong: Any) -> None:
    with pytest.raises(OptionsRefused) as refused:
        options(wrong)
    assert str(refused.value) == (
        f"The task {__name__}:send cannot have these options: unique must be True or a plain function that makes a key of the"
        f" task's arguments, got {wrong!r}"
    )


async def of_async(**_: object) -> str:
    return "a"


def test_a_coroutine_makes_no_key(project: Project) -> None:
    with pytest.raises(OptionsRefused, match="unique must be True or a plain function"):
        options(of_async)


def test_a_function_that_does_not_take_the_arguments_is_refused_where_it_is_given(project: Project) -> None:
    with pytest.raises(OptionsRefused) as refused:
        options(lambda to: to)
    assert str(refused.value) == (
        f"The task {__name__}:send cannot have these options: unique must take the task's arguments by name, and **_ for those"
        " that it does not need: got an unexpected keyword argument 'text'"
    )
    with pytest.raises(OptionsRefused, match="missing a required argument: 'user_id'"):
        options(lambda user_id, **_: user_id)
