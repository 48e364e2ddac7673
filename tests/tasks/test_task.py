"""The decorator: a function with a name and options."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import assert_type

import pytest

from afterword.errors import OptionsRefused, TaskNameTaken, TaskRefused, TaskUnknown
from afterword.jobs.retry import Retry
from afterword.tasks.registry import Registry, task
from afterword.tasks.task import Options, Task
from tests.tasks.conftest import Project

HERE = Path(__file__)


def plain(x: int, /) -> int:
    return x + 1


async def quick(x: int) -> str:
    return str(x)


def outer() -> Callable[[], None]:
    def inner() -> None: ...

    return inner


def test_a_task_is_its_function_with_a_name_and_options(project: Project) -> None:
    made = task(plain)

    assert_type(made, Task[[int], int])
    assert made(2) == 3
    assert (made.name, made.options, made.is_async) == (f"{__name__}:plain", Options(), False)
    assert (made.__name__, made.__doc__, inspect.signature(made)) == ("plain", None, inspect.signature(plain))
    assert repr(made) == f"<task {__name__}:plain>"


async def test_a_task_of_a_coroutine_function(project: Project) -> None:
    made = task(name="quick", queue="mail", priority=5, retry=Retry(attempts=9), ordered=False)(quick)

    assert await made(2) == "2"
    assert made.is_async
    assert made.options == Options(Retry(attempts=9), "mail", 5, False, False)


def bare() -> None: ...


def test_a_function_may_carry_attributes_of_the_same_names(project: Project) -> None:
    function = bare
    function.name = "other"  # type: ignore[attr-defined]
    function.options = None  # type: ignore[attr-defined]

    assert (task(name="mine")(function).name, task(name="mine")(function).options) == ("mine", Options())


def test_all_bad_options_are_told_at_once(project: Project) -> None:
    with pytest.raises(OptionsRefused) as refused:
        task(
            name=" a\n",
            retry=3,  # type: ignore[call-overload]
            queue="",
            priority=1.5,
            at_most_once="yes",
            ordered=None,
        )(plain)

    assert str(refused.value) == (
        f"The task {__name__}:plain cannot have these options:"
        " name must be a text of at most 200 printable characters, got ' a\\n';"
        " retry must be a Retry, got 3;"
        " queue must be a text of at most 200 printable characters, got '';"
        " priority must be an int from -32768 to 32767, got 1.5;"
        " at_most_once must be True or False, got 'yes';"
        " ordered must be True or False, got None"
    )


def test_at_most_once_and_retry_contradict(project: Project) -> None:
    with pytest.raises(OptionsRefused, match=r"at_most_once leaves no attempts for retry$"):
        task(at_most_once=True, retry=Retry(attempts=2))(plain)

    assert task(at_most_once=True)(plain).options.at_most_once
    assert task(at_most_once=True, retry=Retry(attempts=1))(plain).options.at_most_once


def test_two_functions_cannot_have_one_name(project: Project) -> None:
    task(name="send")(plain)

    with pytest.raises(TaskNameTaken) as taken:
        task(name="send")(quick)

    first, second = (f"{HERE.name}, line {function.__code__.co_firstlineno}" for function in (plain, quick))
    assert str(taken.value) == (
        f"Two tasks are called send: {__name__}:plain ({first}) and {__name__}:quick ({second})."
        " Give one of them another name with @task(name=...)."
    )


def test_a_module_that_is_loaded_again_replaces_its_tasks(project: Project) -> None:
    project.write(mails="from afterword.tasks.registry import task\n@task\ndef send(): return 1\n")
    old = project.load("mails").send
    del sys.modules["mails"]
    new = project.load("mails").send

    assert new is not old
    assert Registry(project.root).find("mails:send") is new


@pytest.mark.parametrize("name", [None, "inner"])
def test_a_nested_function_is_no_task_even_with_a_name(project: Project, name: str | None) -> None:
    with pytest.raises(TaskRefused, match="made inside a function"):
        task(name=name)(outer())


def test_a_named_task_is_found_where_it_was_when_nobody_has_imported_it_yet(project: Project) -> None:
    project.write(
        mails="from afterword.tasks.registry import task\n"
        "@task(name='mail.send')\ndef send(x): return x\n"
        "def plain(x): return x\n"
    )

    registry = Registry(project.root)

    assert registry.find("mail.send", "mails:send").name == "mail.send"
    assert registry.find("mail.once_called_so", "mails:plain").function(3) == 3
    for place in ("os:system", "mails:nothing", "nowhere:send"):
        with pytest.raises(TaskUnknown):
            registry.find("mail.other", place)


def test_static_methods_are_tasks_in_either_order(project: Project) -> None:
    project.write(
        mails="from afterword.tasks.registry import task\n"
        "class Mailer:\n"
        "    @task\n    @staticmethod\n    def a(x): return x\n"
        "    @staticmethod\n    @task\n    def b(x): return x\n"
    )
    mailer = project.load("mails").Mailer
    registry = Registry(project.root)

    assert (mailer.a(1), mailer.b(2), mailer().b(3)) == (1, 2, 3)
    assert registry.of(mailer.a) is registry.find("mails:Mailer.a")
    assert registry.of(mailer.b) is registry.find("mails:Mailer.b")


@pytest.mark.parametrize(
    ("decorated", "first"), [("@task", "self"), ("@task(name='send')", "cls"), ("@classmethod\n    @task", "cls")]
)
def test_a_method_is_no_task(project: Project, decorated: str, first: str) -> None:
    project.write(
        mails=f"from afterword.tasks.registry import task\nclass Mailer:\n    {decorated}\n    def send({first}, x): return x\n"
    )

    with pytest.raises(TaskRefused) as refused:
        project.load("mails")

    assert str(refused.value) == (
        "mails:Mailer.send (mails.py, line 3) cannot run in another process: it is a method, and no object travels there."
        " Make it a static method, or a function at module level, that takes the object's id."
    )


def test_a_class_method_is_no_task_either(project: Project) -> None:
    project.write(
        mails="from afterword.tasks.registry import task\nclass Mailer:\n    @task\n    @classmethod\n    def send(cls): ...\n"
    )

    with pytest.raises(TaskRefused) as refused:
        project.load("mails")

    assert str(refused.value) == (
        "mails:Mailer.send (mails.py, line 3) cannot run in another process: it is a class method. Make it a static method, or"
        " a function at module level."
    )


def test_a_function_may_lie_in_a_class(project: Project) -> None:
    project.write(
        mails="from afterword.tasks.registry import task\nclass Mailer:\n    @task\n    def send(x): return x\n"
        "    again = send\n    @task\n    @staticmethod\n    def off(self): return self\n"
    )
    mailer = project.load("mails").Mailer

    assert (mailer.send(1), mailer().again(2), mailer().off(3)) == (1, 2, 3)
    assert Registry(project.root).of(mailer.send) is Registry(project.root).find("mails:Mailer.send")
