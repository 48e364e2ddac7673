"""Tasks of other engines that are handed to add_task: known by their looks, since the engines' libraries need not be there."""

from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any, NamedTuple

import pydantic_core

from afterword.errors import ArgumentRefused
from afterword.jobs.retry import Retry
from afterword.tasks import refusal
from afterword.tasks.fidelity import Loss, unplain
from afterword.tasks.task import Options


class Theirs(NamedTuple):
    """A task that an engine knows and runs as it always does."""

    kind: str
    """Of engine."""
    name: str
    """By which the engine knows it."""
    origin: str
    """`module:qualname` of the object."""

    @property
    def options(self) -> Options:
        """Of ours only the order is left: how often it is tried is the engine's business."""
        return Options(retry=Retry(attempts=1))


def recognise(thing: Any) -> Theirs | None:
    """What an engine would call this; None for anything but a Celery task and a function that `rq.job` decorates."""
    if isinstance(thing, FunctionType):
        # Both pass for the function itself: what they are is told by where they were written. Some versions have one of them.
        hung = (getattr(thing, name, None) for name in ("enqueue", "delay"))
        if not any(getattr(one, "__globals__", {}).get("__name__") == "rq.decorators" for one in hung):
            return None
        return Theirs("rq", f"{thing.__module__}.{thing.__qualname__}", f"{thing.__module__}:{thing.__qualname__}")
    # A shared task is a proxy that answers to `__class__` alone.
    if any((kind.__module__, kind.__name__) == ("celery.app.task", "Task") for kind in _kinds(thing)):
        # What `app.task` answers with is a proxy too, which says of itself that its module is one of Celery's.
        kind = thing.__class__
        return Theirs("celery", thing.name, f"{kind.__module__}:{getattr(thing, '__name__', kind.__name__)}")
    return None


def encode(task: Theirs, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
    """A call of it as a JSON object with `args` and `kwargs`. Raises ArgumentRefused for anything but plain JSON: what the
    engine would make of it is not known."""
    for name, value in [*((f"[{place}]", value) for place, value in enumerate(args)), *kwargs.items()]:
        try:
            lost = unplain(value)
        except RecursionError:
            lost = Loss("", value, *refusal.NESTED)
        if lost:
            raise _refused(task, name, lost)
    try:
        return pydantic_core.to_json({"args": args, "kwargs": kwargs})
    except ValueError as error:
        raise _refused(task, "args", Loss("", [*args], *refusal.unwritable(error))) from None


def _kinds(thing: Any) -> Sequence[type]:
    kind = getattr(thing, "__class__", type(thing))
    return kind.__mro__ if isinstance(kind, type) else ()


def _refused(task: Theirs, name: str, lost: Loss) -> ArgumentRefused:
    why, mend = refusal.known(lost.value) or (lost.why, lost.mend)
    return ArgumentRefused(parameter=name + lost.path, task=task.name, got=refusal.call(lost.value), why=why, mend=mend)
