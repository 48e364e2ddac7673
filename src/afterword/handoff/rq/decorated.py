"""Functions that `rq.job` decorates: the options that their decorator was given."""

import inspect
import pkgutil
from typing import Any

from rq import Queue


def decorator(function: Any) -> Any:
    """The `rq.job` object that decorated it. Raises TypeError for any other function."""
    for name in ("enqueue", "delay"):  # Some versions have one of them.
        hung = getattr(function, name, None)
        names = getattr(getattr(hung, "__code__", None), "co_freevars", ())
        cells = dict(zip(names, getattr(hung, "__closure__", None) or (), strict=False))
        if "self" in cells:
            return cells["self"].cell_contents
    raise TypeError(f"{function!r} is no function that rq.job decorates")


def queue_of(found: Any) -> Any:
    """The queue that a decorator enqueues in."""
    if isinstance(found.queue, str):
        return found.queue_class(name=found.queue, connection=found.connection)
    return found.queue


def found_at(origin: str | None) -> Any:
    """The decorator of the function at `module:qualname`; None where there is none."""
    try:
        return decorator(pkgutil.resolve_name(origin)) if origin else None
    except (ImportError, AttributeError, TypeError, ValueError):
        return None


def options(found: Any) -> dict[str, Any]:
    """What the decorator hands to Queue.enqueue_call, in whichever version of RQ."""
    ours = {"func", "args", "kwargs", "job_id", "pipeline", "unique"}
    names = set(inspect.signature(Queue.enqueue_call).parameters) - ours - {"self"}
    return {name: getattr(found, name) for name in names if hasattr(found, name)}
