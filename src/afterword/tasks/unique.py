"""Unique keys of calls: while a job with one is unfinished, no second is added."""

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from afterword.errors import UniqueKeyRefused
from afterword.tasks import refusal
from afterword.tasks.signature import Parameters, signature_of
from afterword.tasks.task import Task

LONGEST = 200
"""Characters of a key."""


def unique_key(task: Task[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], arguments: bytes) -> str | None:
    """The key of this call, whose encoded `arguments` these are; None where another beside it is all the same.

    Raises UniqueKeyRefused when the task's function makes something else of the call, and whatever that raises.
    """
    unique = task.options.unique
    if unique is False:
        return None
    if unique is True:
        return _of_arguments(task.name, arguments)
    key = unique(**_by_name(task.parameters, args, kwargs))
    if key is None:
        return None
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST or not key.isprintable():
        raise UniqueKeyRefused(task=task.name, got=_got(key))
    return str.__str__(key)  # Not a kind of text that a database does not know.


def misfit(unique: Any, function: Callable[..., Any]) -> str | None:
    """Why `unique` cannot make keys for the calls of `function`; None where it can, or where that shows only later."""
    if isinstance(unique, bool):
        return None
    if not callable(unique) or inspect.iscoroutinefunction(unique):
        return f"unique must be True or a plain function that makes a key of the task's arguments, got {unique!r}"
    names = [p.name for p in signature_of(function).parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    try:
        taken = signature_of(unique)
    except (TypeError, ValueError):  # It is not written in Python.
        return None
    try:
        taken.bind(**dict.fromkeys(names))
    except TypeError as error:
        return f"unique must take the task's arguments by name, and **_ for those that it does not need: {error}"
    return None


def _of_arguments(name: str, arguments: bytes) -> str:
    """The name and the arguments as they are encoded, but for the order in which they were given."""
    key = f"{name} {json.dumps(json.loads(arguments), sort_keys=True, separators=(',', ':'))}"
    return key if len(key) <= LONGEST else f"{name} {hashlib.sha256(key.encode()).hexdigest()}"


def _by_name(parameters: Parameters, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """All arguments of the call, those left to their defaults too."""
    bound = parameters.signature.bind(*args, **kwargs)
    bound.apply_defaults()
    values = dict(bound.arguments)
    for name, parameter in parameters.all.items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            values = values.pop(name) | values
    return values


def _got(key: object) -> str:
    if not isinstance(key, str):
        return refusal.call(key)
    return repr(key) if len(key) <= LONGEST else f"{len(key)} characters"
