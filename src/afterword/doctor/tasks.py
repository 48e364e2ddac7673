"""The tasks: whether a runner finds each again, and whether its parameters can be written down."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from afterword.doctor.calls import Handed
from afterword.doctor.finding import Finding, Level
from afterword.errors import TaskRefused, TaskUnknown
from afterword.tasks.candidate import located
from afterword.tasks.origin import Foreign, bring_in, find_statically
from afterword.tasks.registry import Registry, registered
from afterword.tasks.signature import Parameter
from afterword.tasks.task import Task, durable

_JSON = "only plain JSON values (texts, numbers, booleans, None, lists, dictionaries)"


class Waiting(NamedTuple):
    """What an unfinished job says of its task."""

    task: str
    origin: str | None


def examine(root: Path, early: frozenset[str], handed: Iterable[Handed]) -> Iterator[Finding]:
    """`early` are the names of the tasks that a runner knows as soon as it has imported the application."""
    known = Registry(root)
    tasks: dict[Any, Task[..., Any]] = {task.function: task for task in registered().values() if durable(task)}
    lost = [finding for task in tasks.values() if task.name not in early for finding in found_again(task, root)]
    for call in handed:
        task, finding = admit(call, known)
        if finding:
            lost.append(finding)
        elif task is not None:
            tasks.setdefault(task.function, task)
    yield from dict.fromkeys(lost)
    if not lost:
        yield Finding(Level.FINE, f"A runner finds {_count(len(tasks), 'task')} of the application again.")
    for task in tasks.values():
        yield from parameters(task)
    yield from bare(tasks.values())


def found_again(task: Task[..., Any], root: Path) -> Iterator[Finding]:
    """For a task that a runner does not know by importing the application alone: whether it finds it by its place."""
    module, _, qualname = (task.origin or task.name).partition(":")
    try:
        found = find_statically(bring_in(module, root), qualname)
        why = None if found is task else f"{module} has something else of this name"
    except Foreign as reason:
        why = str(reason)
    if why:
        yield Finding(
            Level.FAULT,
            f"No runner can find the task {task.name}: {why}.",
            "Import its module at the top of the application's module, not inside a function.",
        )


def admit(call: Handed, known: Registry) -> tuple[Task[..., Any] | None, Finding | None]:
    """The task of what is handed over there, or why add_task will refuse it. Neither for one that is not written down."""
    try:
        task = known.of(call.function)
        if not durable(task):
            return None, None
        return known.find(task.name, task.origin), None
    except TaskRefused as error:
        facts = error.facts
        what = f"add_task will refuse this in {call.place}: {facts['what']} cannot run in another process: {facts['why']}."
        return None, Finding(Level.FAULT, what, facts["mend"])
    except TaskUnknown as error:
        what = f"No runner can find the task {error.facts['name']}, which is added in {call.place}: {error.facts['why']}."
        return None, Finding(Level.FAULT, what, "Move its function into a module that lies in the application's folder.")


def parameters(task: Task[..., Any]) -> Iterator[Finding]:
    """What will go wrong with its arguments."""
    place = located(task.function)
    try:
        all = task.parameters
    except Exception as error:
        what = f"The parameters of {place} cannot be read: {type(error).__name__}: {error}."
        yield Finding(Level.FAULT, what, "Annotate them with types that pydantic knows.")
        return
    for parameter in all.all.values():
        if parameter.unknown:
            yield unknown(parameter, place)
        elif parameter.free:
            finding = unresolved(parameter.name, all.signature.parameters[parameter.name].annotation, place)
            if finding:
                yield finding


def bare(tasks: Iterable[Task[..., Any]]) -> Iterator[Finding]:
    """One for all parameters that have no annotation."""
    told = []
    for task in tasks:
        with suppress(Exception):  # That is told already.
            all = task.parameters.signature.parameters.values()
            names = [f"`{one.name}`" for one in all if one.annotation is inspect.Parameter.empty]
            if names:
                told.append(f"{' and '.join(names)} of {located(task.function)}")
    if told:
        yield Finding(
            Level.NOTE,
            f"Parameters without an annotation take {_JSON}: {'; '.join(told)}.",
            "For anything else say what they take, for example `when: datetime`.",
        )


def unknown(parameter: Parameter, place: str) -> Finding:
    return Finding(
        Level.FAULT,
        f"No argument for `{parameter.name}` of {place} can be written down but plain JSON: pydantic cannot work with its"
        f" annotation ({parameter.unknown}).",
        "Annotate it with a type that pydantic knows, or take plain data, for example an id.",
    )


def unresolved(name: str, annotation: Any, place: str) -> Finding | None:
    """What it means that an annotation says nothing; None where its author says what, or that anything goes."""
    if annotation in (Any, object) or not isinstance(annotation, str):
        return None
    if annotation.rpartition(".")[2] in ("Any", "object"):
        return None
    what = f"The annotation `{annotation}` of the parameter `{name}` of {place} means nothing at run time: it takes {_JSON}."
    return Finding(Level.WARNING, what, "Import what it names at the top of the module, outside of `if TYPE_CHECKING:`.")


def strangers(waiting: Iterable[Waiting], find: Callable[[str, str | None], object]) -> Iterator[Finding]:
    """Tasks of unfinished jobs that a runner will not find; `find` is that of the registry."""
    missing = []
    for task, origin in sorted(waiting, key=lambda one: (one.task, one.origin or "")):
        try:
            find(task, origin)
        except TaskUnknown as error:
            missing.append(f"{error.facts['name']} ({error.facts['why']})")
        except Exception as error:  # A module of the application that cannot be imported.
            missing.append(f"{task} ({type(error).__name__}: {error})")
    if missing:
        yield Finding(
            Level.WARNING,
            f"Unfinished jobs are of {_count(len(missing), 'task')} that nobody knows here: {', '.join(missing)}.",
            "Bring the function back, or give its new place the old name: @task(name=...). Else take them back: afterword jobs"
            " cancel.",
        )


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
