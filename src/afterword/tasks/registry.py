"""Which functions may run: those registered by `@task`, and those of the application's own folder."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, overload

from afterword.errors import OptionsRefused, TaskNameTaken, TaskRefused, TaskUnknown
from afterword.jobs.retry import Retry
from afterword.tasks.candidate import examine, located, qualified, refuse_method
from afterword.tasks.origin import Foreign, belongs, bring_in, find_statically
from afterword.tasks.task import Options, P, R, Task, Unique, is_task
from afterword.tasks.theirs import recognise
from afterword.tasks.unique import misfit

LONGEST_TIMEOUT = 366 * 86_400.0
"""Seconds."""

_registered: dict[str, Task[..., Any]] = {}


@overload
def task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(
    *,
    name: str | None = None,
    retry: Retry | None = None,
    timeout: float | None = None,
    at_most_once: bool = False,
    queue: str = "default",
    priority: int = 0,
    ordered: bool = True,
    unique: Unique = False,
    durable: bool = True,
    via: str | None = None,
) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    retry: Retry | None = None,
    timeout: float | None = None,
    at_most_once: bool = False,
    queue: str = "default",
    priority: int = 0,
    ordered: bool = True,
    unique: Unique = False,
    durable: bool = True,
    via: str | None = None,
) -> Any:
    """Make a function a task, with a name that outlives renames and with options.

    `unique`: while a job with the same key is unfinished, a second is not added. True makes the key of the name and the
    arguments; a function is given the arguments by name, defaults included, and returns the key (of any task's, and of at most
    200 printable characters), or None for a call that is not unique. Whoever adds gets the id of the job that stands.

    `durable=False`: it is not written down, but run in the application's own process after the response, as FastAPI does it;
    the options that are written into a job are not for it.

    `via`: it is run by another engine, "celery" or "rq", or one of Afterword(app, handoff={name: engine}) by its name there.

    Raises OptionsRefused for all bad options at once, TaskNameTaken when another function has the name, and TaskRefused for
    what no other process can find.
    """
    options = Options(
        retry=Retry() if retry is None else retry,
        queue=queue,
        priority=priority,
        timeout=timeout,
        at_most_once=at_most_once,
        ordered=ordered,
        unique=unique,
        durable=durable,
        via=via,
    )

    def register(function: Callable[P, R]) -> Task[P, R]:
        plain = function.__func__ if isinstance(function, staticmethod) else function
        examine(plain)
        if plain is function:
            refuse_method(plain)
        chosen = qualified(plain) if name is None else name
        faults = _faults(chosen, options, retry, misfit(unique, plain))
        if faults:
            raise OptionsRefused(task=qualified(plain), faults="; ".join(faults))
        taken = _registered.get(chosen)
        if taken is not None and qualified(taken.function) != qualified(plain):
            raise TaskNameTaken(name=chosen, first=located(taken.function), second=located(plain))
        _registered[chosen] = made = Task(plain, chosen, options, origin=qualified(plain))
        return made

    return register if function is None else register(function)


def registered() -> dict[str, Task[..., Any]]:
    """What `@task` has made in this process so far, by name."""
    return dict(_registered)


class Registry:
    """The tasks of one application, whose own modules lie below `root`.

    Without a `root` only registered tasks run. What was found once is remembered by function and by name.
    """

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._by_function: dict[Callable[..., Any], Task[..., Any]] = {}
        self._by_name: dict[str, Task[..., Any]] = {}

    def known(self, function: Callable[..., Any]) -> Task[..., Any] | None:
        """The task of what was handed to add_task, where that needs no search."""
        if is_task(function):
            return function
        return self._by_function.get(function) if type(function) is FunctionType else None

    def of(self, function: Callable[..., Any]) -> Task[..., Any]:
        """The task of what was handed to add_task. Raises TaskRefused for what no runner could find again."""
        known = self.known(function)
        if known is None:
            known = self._by_function[function] = self._admit(function)
        return known

    def find(self, name: str, origin: str | None = None) -> Task[..., Any]:
        """The task of this name, for a runner; `origin` is where its function was when the job was added.

        Raises TaskUnknown; a name or an origin that leads elsewhere imports and runs nothing. Whatever a module of the
        application raises while it is imported comes through.
        """
        known = _registered.get(name) or self._by_name.get(name)
        if known is None:
            try:
                known = self._by_name[name] = self._import(name, origin)
            except Foreign as reason:
                raise TaskUnknown(name=_shown(name), why=str(reason)) from reason.__cause__
        return known

    def bring(self, place: str) -> Any:
        """The object of another engine at `module:qualname`, in a module of the application. Raises TaskUnknown."""
        module, _, qualname = place.partition(":")
        try:
            if self._root is None:
                raise Foreign("the application's folder is not known")
            found: Any = bring_in(module, self._root)
            for name in qualname.split("."):
                found = getattr(found, name, None)
        except Foreign as reason:
            raise TaskUnknown(name=_shown(place), why=str(reason)) from reason.__cause__
        if recognise(found) is None:
            raise TaskUnknown(name=_shown(place), why="there is no task of another engine")
        return found

    def _admit(self, function: Callable[..., Any]) -> Task[..., Any]:
        examine(function)
        try:
            return self._own(function, sys.modules.get(function.__module__))
        except Foreign as reason:
            mend = "Register it with @task, or call it in a function of your own."
            raise TaskRefused(what=located(function), why=str(reason), mend=mend) from None

    def _import(self, name: str, origin: str | None) -> Task[..., Any]:
        if self._root is None:
            raise Foreign("it is not registered, and the application's folder is not known")
        place = origin or name
        if not (_is_label(name) and _is_label(place)):
            raise Foreign("that is no task's name")
        module, _, qualname = place.partition(":")
        found = find_statically(bring_in(module, self._root), qualname)
        if name in _registered:
            return _registered[name]
        if is_task(found):
            return found
        if not isinstance(found, FunctionType):
            raise Foreign(f"the module {module} has no function {qualname or 'without a name'}")
        if qualified(found) != place:
            raise Foreign(f"it is another name of {qualified(found)}")
        return self._own(found, sys.modules[module])

    def _own(self, function: Callable[..., Any], module: ModuleType | None) -> Task[..., Any]:
        """The task of a function that its own name leads to, in a module of the application."""
        name = qualified(function)
        found = find_statically(module, function.__qualname__) if module else None
        if is_task(found) and found.function is function:
            return found
        if found is not function:
            raise Foreign(f"its name {name} leads to something else (a decorator without functools.wraps makes that)")
        file = getattr(module, "__file__", None)
        if file is None:
            raise Foreign("its module has no file that another process could import")
        if self._root is None:
            raise Foreign("the application's folder is not known")
        fault = belongs(Path(file), self._root)
        if fault:
            raise Foreign(f"its module {fault}")
        return Task(function, name)


def _faults(name: str, options: Options, retry: Retry | None, misfit: str | None) -> list[str]:
    checks = (
        (not _is_label(name), f"name must be a text of at most 200 printable characters, got {name!r}"),
        (not isinstance(options.retry, Retry), f"retry must be a Retry, got {options.retry!r}"),
        (not _is_label(options.queue), f"queue must be a text of at most 200 printable characters, got {options.queue!r}"),
        (not _is_number(options.priority), f"priority must be an int from -32768 to 32767, got {options.priority!r}"),
        (not _is_span(options.timeout), f"timeout must be a number of seconds above 0, got {options.timeout!r}"),
        (not isinstance(options.at_most_once, bool), f"at_most_once must be True or False, got {options.at_most_once!r}"),
        (not isinstance(options.ordered, bool), f"ordered must be True or False, got {options.ordered!r}"),
        (misfit is not None, str(misfit)),
        (
            options.at_most_once is True and isinstance(retry, Retry) and retry.attempts > 1,
            "at_most_once leaves no attempts for retry",
        ),
        (
            options.via is not None and not _is_label(options.via),
            f"via must be the name of an engine, a text of at most 200 printable characters, got {options.via!r}",
        ),
        (not isinstance(options.durable, bool), f"durable must be True or False, got {options.durable!r}"),
        (
            options.durable is False and (retry is not None or options._replace(durable=True) != Options()),
            "durable=False writes no job down that could have retry, timeout, at_most_once, queue, priority, ordered or unique",
        ),
    )
    return [fault for wrong, fault in checks if wrong]


def _is_label(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200 and value.isprintable() and value == value.strip()


def _is_number(value: Any) -> bool:
    return type(value) is int and -32768 <= value <= 32767


def _is_span(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and 0 < value <= LONGEST_TIMEOUT)


def _shown(name: str) -> str:
    return name if _is_label(name) else repr(name[:200])
