"""Who still takes FastAPI's own BackgroundTasks: endpoints and dependencies, wherever they are included."""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

from afterword.doctor.calls import Stock
from afterword.doctor.finding import Finding, Level
from afterword.tasks.origin import belongs


def examine(application: Any, root: Path) -> Iterator[Finding]:
    """One finding for each function, however many routes lead to it."""
    calls = {_plain(call): None for dependant in dependants(getattr(application, "routes", ())) for call in stock(dependant)}
    if calls:
        for call in calls:
            yield kept(call, root)
    else:
        yield Finding(Level.FINE, "No endpoint takes FastAPI's own BackgroundTasks.")


def made(stock: Iterable[Stock]) -> Iterator[Finding]:
    """For what is made without asking for it, as for `JSONResponse(..., background=BackgroundTask(...))`."""
    for name, place in stock:
        yield Finding(
            Level.WARNING,
            f"A {name} of Starlette's own is made in {place}: what it runs is not written down.",
            "Make the list by `from afterword import BackgroundTasks`, add the task to it, and give the list to the response.",
        )


def kept(call: Any, root: Path) -> Finding:
    """The sentence about a function that takes the stock list."""
    name = getattr(call, "__qualname__", None) or type(call).__qualname__
    code = _code(call)
    if code is None:
        return _kept(Level.WARNING, name, "there", "")
    file = Path(code.co_filename)
    place = f" ({file.name}, line {code.co_firstlineno})"
    if belongs(file, root) is None:
        return _kept(Level.WARNING, name, f"in {file.name}", place)
    return Finding(
        Level.NOTE,
        f"{name}{place} is none of the application's own and keeps FastAPI's BackgroundTasks: what it adds is not written"
        " down.",
    )


def dependants(routes: Sequence[Any], seen: set[int] | None = None) -> Iterator[Any]:
    """What each route depends on. A kind of route that is not known has nothing to say."""
    # FastAPI 0.135 copies the routes of a router that is included. Later ones hold the router itself, and make the routes that
    # stand for its own when they are asked.
    seen = set() if seen is None else seen
    for route in routes:
        if id(route) in seen:
            continue
        seen.add(id(route))
        dependant = getattr(route, "dependant", None)
        if dependant is not None:
            yield dependant
        yield from dependants(_below(route), seen)


def stock(dependant: Any) -> Iterator[Callable[..., Any]]:
    """Every function below `dependant` that takes the stock list, but for our own."""
    call = getattr(dependant, "call", None)
    taken = getattr(dependant, "background_tasks_param_name", None)
    if call is not None and taken and getattr(call, "__module__", None) != "afterword.fastapi.provide":
        yield call
    for inner in getattr(dependant, "dependencies", ()):
        yield from stock(inner)


def _below(route: Any) -> list[Any]:
    """The routes that stand for it, or to which it leads."""
    try:
        contexts = getattr(route, "effective_route_contexts", None)
        if contexts is not None:
            return [getattr(context, "starlette_route", None) or context for context in contexts()]
        return list(getattr(route, "routes", None) or ())
    except Exception:  # It is not ours to judge what they raise.
        return []


def _plain(call: Any) -> Any:
    while isinstance(call, functools.partial):
        call = call.func
    return inspect.unwrap(call)


def _code(call: Any) -> CodeType | None:
    """That of a function or method, of a class's making, or of an object's calling; None for what Python has no text of."""
    if inspect.isclass(call):
        inside = inspect.getattr_static(call, "__init__")
    elif hasattr(call, "__code__"):
        inside = call
    else:
        inside = inspect.getattr_static(type(call), "__call__", None)
    code = getattr(inside, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _kept(level: Level, name: str, where: str, place: str) -> Finding:
    return Finding(
        level,
        f"{name}{place} keeps FastAPI's own BackgroundTasks: what it adds is not written down.",
        f"Import it {where} by `from afterword import BackgroundTasks` instead of `from fastapi import BackgroundTasks`.",
    )
