"""A call: a task with its arguments bound and encoded, and the job that is made of it."""

import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import pydantic_core

from afterword.clock import microseconds
from afterword.errors import ArgumentsTooLarge, EngineUnknown
from afterword.jobs.job import Job, State
from afterword.tasks import codec, theirs
from afterword.tasks.registry import Registry
from afterword.tasks.task import Task
from afterword.tasks.theirs import Theirs, recognise
from afterword.tasks.unique import unique_key

if sys.version_info >= (3, 14):
    from uuid import uuid7
else:
    from uuid_utils import uuid7


class Call(NamedTuple):
    """A task and its arguments, as they will be written down."""

    task: Task[..., Any] | Theirs
    arguments: bytes
    unique_key: str | None = None
    via: str | None = None
    """The engine that it is handed off to."""

    def back(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments as the task will get them."""
        if isinstance(self.task, Theirs):
            said = pydantic_core.from_json(self.arguments)
            return tuple(said["args"]), said["kwargs"]
        return codec.decode(self.task, self.arguments)

    def job(
        self, *, id: str, app: str, now: int, state: State = State.HELD, owner: str | None = None, after: str | None = None
    ) -> Job:
        """The job of this call, with its task's options. `after` is left out for a task that is not ordered."""
        task, arguments, unique_key, via = self
        options = task.options
        # All by place, and at once, which takes a quarter of the time; the names of a Job's fields are in its class.
        new = (
            id,
            app,
            task.name,
            arguments,
            now,
            options.retry,
            state,
            options.queue,
            options.priority,
            0,
            owner,
            after if options.ordered else None,
            0,
            0,
            0,
            0,
            False,
            options.at_most_once,
            None if options.timeout is None else microseconds(options.timeout),
            unique_key,
            via,
            type(task) is Theirs,
            False,
            None,
            task.origin,
            None,
            None,
            None,
            None,
            0,
        )
        return Job._make(new)


class Binder:
    """Makes calls of what is handed to add_task: of the tasks in `registry`, with arguments of up to `limit` bytes as JSON.

    `engines` gives the kind of each engine, by name.
    """

    def __init__(self, registry: Registry, limit: int, engines: Mapping[str, str] = MappingProxyType({})) -> None:
        self.registry = registry
        self._limit = limit
        self._engines = engines

    def bind(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
        """The call `function(*args, **kwargs)`. Raises TaskRefused, ArgumentRefused, ArgumentsTooLarge,
        UniqueKeyRefused or EngineUnknown for what cannot be written down."""
        task = self.registry.known(function)
        if task is None:
            their = recognise(function)
            if their:
                given = self._small(their.name, theirs.encode(their, args, kwargs))
                return Call(their, given, None, route(their, self._engines))
            task = self.registry.of(function)
        arguments = self._small(task.name, codec.encode(task, args, kwargs))
        key = unique_key(task, args, kwargs, arguments) if task.options.unique else None
        return Call(task, arguments, key, route(task, self._engines))

    def _small(self, name: str, arguments: bytes) -> bytes:
        if len(arguments) > self._limit:
            raise ArgumentsTooLarge(task=name, size=len(arguments), limit=self._limit)
        return arguments


def route(task: Task[..., Any] | Theirs, engines: Mapping[str, str]) -> str | None:
    """The engine that runs it, None for our own runners. Raises EngineUnknown where none of `engines` (kinds by name) is meant.

    What a task says of itself wins over its queue. An engine's own task brings its engine along where none is configured.
    """
    if isinstance(task, Theirs):
        return _only(task.kind, engines) or task.kind
    via = task.options.via
    if via is None:
        return task.options.queue if task.options.queue in engines else None
    found = via if via in engines else _only(via, engines)
    if found is None:
        raise EngineUnknown(task=task.name, via=via, there=", ".join(engines) or "none")
    return found


def _only(kind: str, engines: Mapping[str, str]) -> str | None:
    """The name of the only engine of this kind."""
    names = [name for name, other in engines.items() if other == kind]
    return names[0] if len(names) == 1 else None


def new_id() -> str:
    """A UUIDv7, larger than every one that this process made before."""
    return str(uuid7())
