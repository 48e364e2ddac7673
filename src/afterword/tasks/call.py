"""A call: a task with its arguments bound and encoded, and the job that is made of it."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from afterword.clock import microseconds
from afterword.errors import ArgumentsTooLarge
from afterword.jobs.job import Job, State
from afterword.tasks import codec
from afterword.tasks.registry import Registry
from afterword.tasks.task import Task
from afterword.tasks.unique import unique_key

if sys.version_info >= (3, 14):
    from uuid import uuid7
else:
    from uuid_utils import uuid7


class Call(NamedTuple):
    """A task and its arguments, as they will be written down."""

    task: Task[..., Any]
    arguments: bytes
    unique_key: str | None = None

    def job(
        self, *, id: str, app: str, now: int, state: State = State.HELD, owner: str | None = None, after: str | None = None
    ) -> Job:
        """The job of this call, with its task's options. `after` is left out for a task that is not ordered."""
        options = self.task.options
        return Job(
            id=id,
            app=app,
            task=self.task.name,
            arguments=self.arguments,
            added_at=now,
            retry=options.retry,
            state=state,
            queue=options.queue,
            priority=options.priority,
            owner=owner,
            after=after if options.ordered else None,
            at_most_once=options.at_most_once,
            timeout=None if options.timeout is None else microseconds(options.timeout),
            unique_key=self.unique_key,
            origin=self.task.origin,
        )


class Binder:
    """Makes calls of what is handed to add_task: of the tasks in `registry`, with arguments of up to `limit` bytes as JSON."""

    def __init__(self, registry: Registry, limit: int) -> None:
        self.registry = registry
        self._limit = limit

    def bind(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
        """The call `function(*args, **kwargs)`. Raises TaskRefused, ArgumentRefused, ArgumentsTooLarge or UniqueKeyRefused
        for what cannot be written down."""
        task = self.registry.of(function)
        arguments = codec.encode(task, args, kwargs)
        if len(arguments) > self._limit:
            raise ArgumentsTooLarge(task=task.name, size=len(arguments), limit=self._limit)
        return Call(task, arguments, unique_key(task, args, kwargs, arguments) if task.options.unique else None)


def new_id() -> str:
    """A UUIDv7, larger than every one that this process made before."""
    return str(uuid7())
