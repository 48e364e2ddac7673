"""Arguments and results as JSON, and back.

What cannot make the round trip is refused when it is written down, in the process and the request that can still mend it,
never later in a runner.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pydantic_core
from pydantic import ValidationError

from afterword.errors import ArgumentRefused, ArgumentsUnreadable
from afterword.tasks import refusal
from afterword.tasks.fidelity import Loss, loss, unplain
from afterword.tasks.signature import Parameter, Parameters
from afterword.tasks.task import Task

LONGEST_RESULT = 65_536
"""Bytes of JSON that are kept of what a function returns."""

_SURELY_READABLE = 4_300
"""Bytes: an int with more digits than this is not read back, so a longer text is read back before it is believed."""


def encode(task: Task[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
    """The arguments of one call as JSON, by parameter name.

    Raises TypeError where the call itself would, ArgumentRefused for a value that would not come back as it is.
    """
    parameters = task.parameters
    try:
        values = parameters.bind(args, kwargs)
    except TypeError as error:
        raise TypeError(f"{task.name}(): {error}") from None
    if parameters.scalar(values):
        try:
            data = parameters.write(values)
        except ValueError:  # Half a character.
            return _with_care(task, values)
        if len(data) <= _SURELY_READABLE:
            return data
    return _with_care(task, values)


def decode(task: Task[..., Any], data: bytes) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The call that `encode` wrote down. Raises ArgumentsUnreadable where it does not fit the function as it is now."""
    parameters = task.parameters
    try:
        return parameters.unbind(parameters.read(data))
    except ValidationError as error:
        why = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'arguments'}: {fault['msg']}" for fault in error.errors()[:5])
    except KeyError as error:
        why = f"{error.args[0]}: no value is stored, and it has no default"
    except Exception as error:  # A validator of the user's.
        why = f"{type(error).__name__}: {error}"
    raise ArgumentsUnreadable(task=task.name, why=why)


def encode_result(value: Any) -> bytes | None:
    """What a function returned as JSON; None where it has no JSON form or takes more than 64 KiB."""
    if isinstance(value, Iterator):  # It would be read to its end, should it have one.
        return None
    try:
        data = pydantic_core.to_json(value, bytes_mode="base64", inf_nan_mode="strings")
    except Exception:
        return None
    return data if len(data) <= LONGEST_RESULT else None


def _with_care(task: Task[..., Any], values: dict[str, Any]) -> bytes:
    parameters = task.parameters
    for name, value in values.items():
        lost = _beforehand(parameters.all[name], value)
        if lost:
            raise _refused(task, name, lost)
    # First without what was left unset in models: then `exclude_unset` means in the task what it means here. But a default
    # that is made anew each time (an id, a date) would come back as another one: then with everything.
    for exclude_unset in (True, False):
        try:
            data = parameters.write(values, exclude_unset=exclude_unset)
            back = parameters.read(data)
            if all(loss(value, back[name]) is None for name, value in values.items()):
                return data
        except Exception:  # The user's own validators and comparisons may raise anything.
            continue
    raise _diagnosis(task, values)


def _beforehand(parameter: Parameter, value: Any) -> Loss | None:
    if parameter.unknown:
        why = f"and pydantic cannot work with its annotation ({parameter.unknown})"
        return Loss("", value, why, "Annotate it with a type that pydantic knows, or pass plain data, for example an id.")
    try:
        lost = unplain(value) if parameter.free else None
    except RecursionError:
        return Loss("", value, *refusal.NESTED)
    if lost is None or refusal.nameable(type(lost.value)):
        return lost
    return Loss(lost.path, lost.value, *refusal.STRANGE)


def _diagnosis(task: Task[..., Any], values: dict[str, Any]) -> ArgumentRefused:
    """The same again, one argument at a time, to say which one it is and why."""
    for name, value in values.items():
        lost = _trip(task.parameters, name, value)
        if lost:
            return _refused(task, name, lost)
    # Each makes the trip alone and all together do not: a validator of the user's that changes its mind.
    return _refused(task, name, Loss("", value, *refusal.UNKNOWN))


def _trip(parameters: Parameters, name: str, value: Any) -> Loss | None:
    try:
        data = parameters.write({name: value})
    except Exception as error:
        return Loss("", value, *refusal.unwritable(error))
    try:
        return loss(value, parameters.read(data)[name])
    except Exception as error:
        return Loss("", value, *refusal.unreadable(error))


def _refused(task: Task[..., Any], name: str, lost: Loss) -> ArgumentRefused:
    why, mend = refusal.known(lost.value) or (lost.why, lost.mend)
    return ArgumentRefused(parameter=name + lost.path, task=task.name, got=refusal.call(lost.value), why=why, mend=mend)
