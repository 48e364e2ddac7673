"""Whether a runner finds the tasks, and whether their parameters can be written down."""

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from afterword.discovery import Target
from afterword.doctor import calls, tasks
from afterword.doctor.finding import Finding, Level
from afterword.doctor.tasks import Waiting
from afterword.tasks.origin import Foreign
from afterword.tasks.registry import Registry, registered
from afterword.tasks.task import Task
from tests.doctor.conftest import Write

JSON = "only plain JSON values (texts, numbers, booleans, None, lists, dictionaries)"


class Made:
    """A module that was imported, and what is said of its tasks."""

    def __init__(self, target: Target) -> None:
        self.module: ModuleType = importlib.import_module(target.module)
        self.name = target.module
        self.root = target.root

    def findings(self, early: frozenset[str] | None = None) -> list[Finding]:
        known = frozenset(registered()) if early is None else early
        return list(tasks.examine(self.root, known, calls.read(self.root)[0]))


Make = Callable[[str], Made]


@pytest.fixture
def make(write: Write) -> Make:
    return lambda source: Made(write(source))


def test_all_is_well(make: Make) -> None:
    made = make(
        "from afterword import task\n@task\ndef one(x: int): ...\ndef two(): ...\ndef add(t): t.add_task(two); t.add_task(one)"
    )
    assert made.findings() == [Finding(Level.FINE, "A runner finds 2 tasks of the application again.")]


def test_what_is_not_written_down_is_not_examined(make: Make) -> None:
    made = make("from afterword import task\n@task(durable=False)\ndef one(x): ...\ndef add(t): t.add_task(one)")
    assert made.findings() == [Finding(Level.FINE, "A runner finds 0 tasks of the application again.")]


def test_parameters_without_an_annotation(make: Make) -> None:
    made = make("def one(when, x: int, why): ...\ndef two(*which): ...\ndef add(t):\n    t.add_task(one)\n    t.add_task(two)")
    assert made.findings()[1:] == [
        Finding(
            Level.NOTE,
            f"Parameters without an annotation take {JSON}: `when` and `why` of {made.name}:one ({made.name}.py, line 1);"
            f" `which` of {made.name}:two ({made.name}.py, line 2).",
            "For anything else say what they take, for example `when: datetime`.",
        )
    ]


def test_whoever_says_anything_means_it(make: Make) -> None:
    made = make(
        "from __future__ import annotations\nfrom typing import Any\nimport typing\nfrom afterword import task\n"
        "@task\ndef one(a: Any, b: object, c: typing.Any, d: int, *e: Any): ..."
    )
    assert [finding.level for finding in made.findings()] == [Level.FINE]


def test_an_annotation_that_means_nothing_at_run_time(make: Make) -> None:
    made = make("from afterword import task\n@task\ndef one(amount: 'Decimal'): ...")
    assert made.findings()[1:] == [
        Finding(
            Level.WARNING,
            f"The annotation `Decimal` of the parameter `amount` of {made.name}:one ({made.name}.py, line 2) means nothing at"
            f" run time: it takes {JSON}.",
            "Import what it names at the top of the module, outside of `if TYPE_CHECKING:`.",
        )
    ]


def test_an_annotation_that_pydantic_does_not_know(make: Make) -> None:
    made = make("from sqlite3 import Connection\nfrom afterword import task\n@task\ndef one(db: Connection): ...")
    assert made.findings()[1:] == [
        Finding(
            Level.FAULT,
            f"No argument for `db` of {made.name}:one ({made.name}.py, line 3) can be written down but plain JSON: pydantic"
            " cannot work with its annotation (Unable to generate pydantic-core schema for <class 'sqlite3.Connection'>).",
            "Annotate it with a type that pydantic knows, or take plain data, for example an id.",
        )
    ]


def test_what_add_task_will_refuse(make: Make) -> None:
    made = make(
        "class Mailer:\n    def send(self): ...\nmailer = Mailer()\ndef add(t):\n    t.add_task(mailer.send)\n"
        "    t.add_task(mailer.send)"
    )
    expected = [
        Finding(
            Level.FAULT,
            f"add_task will refuse this in {made.name}.py, line {line}: {made.name}:Mailer.send ({made.name}.py, line 2) cannot"
            f" run in another process: it is bound to an object of {made.name}.Mailer, which stays in this process.",
            "Write a function at module level that takes the object's id, and pass that.",
        )
        for line in (5, 6)
    ]
    assert made.findings() == expected


def test_a_lambda_and_a_function_inside_another(make: Make) -> None:
    made = make("def add(t):\n    def work(): ...\n    t.add_task(lambda: 1)\n    t.add_task(work)")
    assert made.findings() == [
        Finding(
            Level.FAULT,
            f"add_task will refuse this in {made.name}.py, line 3: The lambda in {made.name}.py, line 3 cannot run in another"
            " process: it has no name to be found by.",
            "Write it as a function at module level, and pass what it uses as arguments.",
        ),
        Finding(
            Level.FAULT,
            f"add_task will refuse this in {made.name}.py, line 4: {made.name}:add.<locals>.work ({made.name}.py, line 2)"
            " cannot run in another process: it is made inside a function, where no other process can find it.",
            "Move it to module level, and pass what it uses as arguments.",
        ),
    ]


def test_a_function_of_somebody_else(make: Make) -> None:
    made = make("import tempfile\ndef add(t): t.add_task(tempfile.mkdtemp)")
    (found,) = made.findings()
    assert found.level is Level.FAULT
    assert found.what.endswith("cannot run in another process: its module is part of Python's standard library.")
    assert found.mend == "Register it with @task, or call it in a function of your own."


def test_made_inside_a_function(make: Make) -> None:
    made = make("from afterword import task\ndef create():\n    @task\n    def one(): ...\n    return one")
    # @task itself refuses it; so there is nothing to find.
    with pytest.raises(TypeError):
        made.module.create()


def test_tasks_that_importing_the_application_alone_does_not_bring(make: Make, tmp_path: Path) -> None:
    """As those that are imported inside a factory: a runner looks for them by their place."""
    made = make("from afterword import task\n@task\ndef one(): ...\n@task(name='two')\ndef other(): ...")
    assert made.findings(frozenset()) == [Finding(Level.FINE, "A runner finds 2 tasks of the application again.")]
    made.root = tmp_path / "elsewhere"
    made.root.mkdir()
    assert made.findings(frozenset()) == [
        Finding(
            Level.FAULT,
            f"No runner can find the task {name}: the module {made.name} lies outside of the application's folder"
            f" {made.root} ({tmp_path}/{made.name}.py).".replace("outside of", "outside"),
            "Import its module at the top of the application's module, not inside a function.",
        )
        for name in (f"{made.name}:one", "two")
    ]


def test_a_task_whose_place_holds_something_else(make: Make) -> None:
    made = make("from afterword import task\n@task\ndef one(): ...\nkept = one\none = 3")
    assert made.findings(frozenset())[0].what == (
        f"No runner can find the task {made.name}:one: {made.name} has something else of this name."
    )


def test_a_module_that_no_runner_finds(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make("def one(): ...\ndef add(t): t.add_task(one)")
    ((call,), _) = calls.read(made.root)
    known = Registry(made.root)
    task = known.of(call.function)
    monkeypatch.setattr("afterword.tasks.registry.bring_in", refuse)
    known = Registry(made.root)
    assert tasks.admit(call, known) == (
        None,
        Finding(
            Level.FAULT,
            f"No runner can find the task {task.name}, which is added in {call.place}: it is gone.",
            "Move its function into a module that lies in the application's folder.",
        ),
    )


def refuse(name: str, root: Path) -> ModuleType:
    raise Foreign("it is gone")


def test_parameters_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd() -> None: ...

    monkeypatch.setattr("afterword.tasks.task.Parameters", explode)
    (found,) = tasks.parameters(Task(odd, "odd"))
    assert found.what.endswith("cannot be read: RuntimeError: no.")
    assert (found.level, found.mend) == (Level.FAULT, "Annotate them with types that pydantic knows.")


def explode(function: object) -> object:
    raise RuntimeError("no")


# Jobs of tasks that are not there any more


def test_jobs_of_unknown_tasks(write: Write, tmp_path: Path) -> None:
    known = write("def here(): ...").module
    broken = write("raise ValueError('not today')").module
    waiting = [
        Waiting(f"{known}:here", None),
        Waiting(f"{known}:gone", None),
        Waiting("mail", f"{known}:mail"),
        Waiting(f"{broken}:any", None),
    ]
    assert list(tasks.strangers(waiting, Registry(tmp_path).find)) == [
        Finding(
            Level.WARNING,
            f"Unfinished jobs are of 3 tasks that nobody knows here: {known}:gone (the module {known} has no function gone),"
            f" {broken}:any (ValueError: not today), mail (the module {known} has no function mail).",
            "Bring the function back, or give its new place the old name: @task(name=...). Else take them back: afterword jobs"
            " cancel.",
        )
    ]
    assert list(tasks.strangers(waiting[:1], Registry(tmp_path).find)) == []
