"""What is handed over to be run later, and the sentence for each kind of thing that no other process can find."""

import functools
import inspect
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

from afterword.errors import TaskRefused
from afterword.tasks.origin import MAIN, defined_at, guarded, real_name


def examine(function: Any) -> None:
    """Raises TaskRefused unless `function` is a plain function at module or class level."""
    if isinstance(function, functools.partial):
        raise _refused(
            f"functools.partial of {located(function.func)}",
            "it is an object without a name",
            f"Pass the function and its arguments: add_task({_short(function.func)}, ...).",
        )
    if inspect.ismethod(function):
        raise _bound(function)
    if inspect.isclass(function):
        raise _refused(f"The class {located(function)}", "a task is a function", "Pass a function that makes the object.")
    if inspect.isawaitable(function):
        name = getattr(function, "__name__", "function")
        raise _refused(f"`{name}(...)`", "it was called already", f"Leave out its brackets: add_task({name}, ...).")
    if not isinstance(function, FunctionType):
        raise _no_function(function)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise _refused(
            located(function),
            "it is a generator function, whose body runs only when somebody reads from it",
            "Pass a function that does the work and returns.",
        )
    _require_level(function)
    _require_import(function)


def refuse_method(function: Any) -> None:
    """Raises TaskRefused for a plain function that is written as a method: `@task` would take its object from it. One that only
    lies in a class, to be called by the class's name, may be a task."""
    inside, _, _ = function.__qualname__.rpartition(".")
    first = next(iter(function.__code__.co_varnames[: function.__code__.co_argcount]), None)
    if inside and not inside.endswith("<locals>") and first in ("self", "cls"):
        raise _refused(
            located(function),
            "it is a method, and no object travels there",
            "Make it a static method, or a function at module level, that takes the object's id.",
        )


def qualified(function: Any) -> str:
    """`module:qualname`, with the module's real name where there is one."""
    module = getattr(function, "__module__", None) or "?"
    return f"{real_name(module) or module}:{getattr(function, '__qualname__', repr(function))}"


def located(function: Any) -> str:
    """Name and place of a function, for people."""
    if isinstance(function, FunctionType):
        return f"{qualified(function)} ({defined_at(function)})"
    return qualified(function) if hasattr(function, "__qualname__") else _a(function)


def _require_level(function: FunctionType) -> None:
    if function.__name__ == "<lambda>":
        raise _refused(
            f"The lambda in {defined_at(function)}",
            "it has no name to be found by",
            "Write it as a function at module level, and pass what it uses as arguments.",
        )
    if "<locals>" in function.__qualname__:
        raise _refused(
            located(function),
            "it is made inside a function, where no other process can find it",
            "Move it to module level, and pass what it uses as arguments.",
        )


def _require_import(function: FunctionType) -> None:
    """That whoever imports the script which was started finds the function in it, too."""
    name = function.__qualname__.partition(".")[0]
    if function.__module__ in MAIN and guarded(getattr(sys.modules.get(function.__module__), "__file__", None), name):
        raise _refused(
            located(function),
            'it is made below `if __name__ == "__main__":`, which no other process enters',
            "Move it above that line.",
        )


def _bound(method: Any) -> TaskRefused:
    if inspect.isclass(method.__self__):
        return _refused(
            located(method.__func__), "it is a class method", "Make it a static method, or a function at module level."
        )
    return _refused(
        located(method.__func__),
        f"it is bound to {_a(method.__self__)}, which stays in this process",
        "Write a function at module level that takes the object's id, and pass that.",
    )


def _no_function(thing: Any) -> TaskRefused:
    if isinstance(thing, classmethod):
        return _refused(
            located(thing.__func__), "it is a class method", "Make it a static method, or a function at module level."
        )
    if inspect.isroutine(thing):
        return _refused(
            f"The built-in {_builtin(thing)}", "it is none of the application's own", "Call it in a function of your own."
        )
    if callable(thing):
        return _refused(
            f"An{_a(thing)[2:]}",
            "it is an object, which stays in this process",
            "Write a function at module level that makes the object and calls it.",
        )
    if thing is None:
        return _refused(
            "None",
            "it is no function",
            "If a function was called there, leave out its brackets: add_task(send, ...), not add_task(send(...)).",
        )
    return _refused(f"An{_a(thing)[2:]}", "it is no function", "Pass a function, and its arguments after it.")


def _builtin(thing: Any) -> str:
    """With its module, unless everybody has it without."""
    module = getattr(thing, "__module__", None)
    return _short(thing) if module in (None, "builtins") else f"{module}.{_short(thing)}"


def _a(thing: Any) -> str:
    return f"an object of {type(thing).__module__}.{type(thing).__qualname__}"


def _short(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", None) or type(function).__qualname__


def _refused(what: str, why: str, mend: str) -> TaskRefused:
    return TaskRefused(what=what, why=why, mend=mend)
