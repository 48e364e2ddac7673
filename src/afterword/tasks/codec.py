"""Arguments and results as JSON, and back.

What cannot make the round trip is refused when it is written down, in the process and the request that can still mend it,
never later in a runner.
"""

from collections.abc import Mapping, Sequence
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
            data = parameters.to_json(values)
        except ValueError:  # A lone surrogate.
            return _with_care(task, values)
        if len(data) <= _SURELY_READABLE:
            return data
    return _with_care(task, values)


def decode(task: Task[..., Any], data: bytes) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The call that `encode` wrote down. Raises ArgumentsUnreadable where it does not fit the function as it is now."""
    parameters = task.parameters
    try:
        return parameters.unbind(parameters.from_json(data))
    except ValidationError as error:
        why = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'arguments'}: {fault['msg']}" for fault in error.errors()[:5])
    except KeyError as error:
        why = f"{error.args[0]}: no value is stored, and it has no default"
    except Exception as error:  # A validator of the user's.
        why = f"{type(error).__name__}: {error}"
    raise ArgumentsUnreadable(task=task.name, why=why)


def encode_result(value: Any) -> bytes | None:
    """What a function returned as JSON; None where it has no JSON form or takes more than 64 KiB."""
    if value is None:
        return b"null"
    try:
        data = pydantic_core.to_json(value, bytes_mode="base64", inf_nan_mode="strings")
    except Exception:
        return None
    return data if len(data) <= LONGEST_RESULT else None


def _with_care(task: Task[..., Any], values: dict[str, Any]) -> bytes:
    parameters = task.parameters
    for name, value in values.items():
        parameter = parameters.all[name]
        lost = _beforehand(parameter, value)
        if lost:
            raise _refused(task, parameter, lost)
    # Without what was left unset in models, first: then `exclude_unset` means in the task what it means here. A default made
    # anew each time (an id, a date) would come back as another one: then with everything.
    for exclude_unset in (True, False):
        try:
            data = parameters.to_json(values, exclude_unset=exclude_unset, warnings=False)
            back = parameters.from_json(data)
            if all(loss(value, back[name]) is None for name, value in values.items()):
                return data
        except Exception:
            continue
    raise _diagnosis(task, values)


def _beforehand(parameter: Parameter, value: Any) -> Loss | None:
    if parameter.unknown:
        return Loss("", value, f"and pydantic cannot work with its annotation ({parameter.unknown})")
    return unplain(value) if parameter.free else None


def _diagnosis(task: Task[..., Any], values: dict[str, Any]) -> ArgumentRefused:
    """The same again, one parameter at a time, to say which one it is."""
    for name, value in values.items():
        lost = _trip(task.parameters, name, value)
        if lost:
            return _refused(task, task.parameters.all[name], lost)
    raise AssertionError("each value makes the trip alone, but all together do not")


def _trip(parameters: Parameters, name: str, value: Any) -> Loss | None:
    try:
        data = parameters.to_json({name: value}, warnings=False)
        return loss(value, parameters.from_json(data)[name])
    except ValidationError as error:
        return Loss("", value, f"which would not be read back: {error.errors()[0]['msg']}")
    except RecursionError:
        return Loss("", value, "which nests too deeply, or contains itself")
    except Exception as error:
        return Loss("", value, _unwritable(error))


def _unwritable(error: Exception) -> str:
    text = str(error)
    if "surrogates not allowed" in text:
        return "which holds half a character (a lone surrogate)"
    if "depth exceeded" in text or "Circular reference" in text:
        return "which nests too deeply, or contains itself"
    return refusal.UNKNOWN.why


def _refused(task: Task[..., Any], parameter: Parameter, lost: Loss) -> ArgumentRefused:
    known = refusal.reason(lost.value)
    return ArgumentRefused(
        parameter=parameter.name + lost.path,
        task=task.name,
        got=refusal.name(lost.value),
        why=known.why if known else lost.why,
        mend=known.mend if known else _mend(parameter, lost),
    )


def _mend(parameter: Parameter, lost: Loss) -> str:
    if type(lost.value).__module__ == "builtins" or parameter.free:
        return f"Annotate `{parameter.name}` with the type that it takes, or pass plain JSON values."
    return refusal.UNKNOWN.mend
