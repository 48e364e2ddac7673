"""Whether a value came back from its JSON form as it went in."""

import dataclasses
import datetime
import enum
import math
from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import BaseModel

DEEPEST = 100
"""Levels of lists and dictionaries within each other; deeper ones contain themselves, or may as well."""


class Loss(NamedTuple):
    """Where a value does not survive, and why."""

    path: str
    """From the parameter inwards, like `['to'][0]`; empty for the parameter itself."""
    value: Any
    why: str


def unplain(value: Any, path: str = "") -> Loss | None:
    """The first part of `value` that is no plain JSON, None when all of it is."""
    kind = type(value)
    if kind in (str, int, bool) or value is None:
        return None
    if kind is float:
        return None if math.isfinite(value) else Loss(path, value, "which plain JSON does not know")
    if path.count("[") >= DEEPEST:
        return Loss("", value, f"which nests deeper than {DEEPEST} levels, or contains itself")
    if kind is list:
        return _first(unplain(item, f"{path}[{index}]") for index, item in enumerate(value))
    if kind is dict:
        return _first(
            unplain(item, f"{path}[{key!r}]") if type(key) is str else Loss(path, key, "as a key, where JSON has only texts")
            for key, item in value.items()
        )
    return Loss(path, value, "which is not plain JSON, and no annotation says what it is")


def loss(before: Any, after: Any, path: str = "") -> Loss | None:
    """The first part of `before` that did not come back as it was, None when all of it did.

    An int where a float is annotated may come back as the equal float. A time zone's name may be lost, the instant and its
    offset may not.
    """
    kind = type(before)
    if kind is not type(after):
        if kind is int and type(after) is float and before == after:
            return None
        return Loss(path, before, f"which would come back as {describe(type(after))}")
    if kind in (str, int, bool) or before is None:
        return None if before == after else _changed(before, path)
    if kind is float:
        return None if before == after or (math.isnan(before) and math.isnan(after)) else _changed(before, path)
    if isinstance(before, datetime.datetime | datetime.time):
        return None if _moment(before) == _moment(after) else _changed(before, path)
    if isinstance(before, list | tuple | deque):
        return _sequence(before, after, path)
    if isinstance(before, set | frozenset):
        return _set(before, after, path)
    if isinstance(before, dict):
        return _mapping(before, after, path)
    return _object(before, after, path)


def describe(kind: type) -> str:
    """A type as people call it."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _first(losses: Iterable[Loss | None]) -> Loss | None:
    return next((loss for loss in losses if loss), None)


def _changed(value: Any, path: str) -> Loss:
    return Loss(path, value, "which would come back changed")


def _moment(value: Any) -> tuple[Any, ...]:
    fold = value.fold if value.tzinfo is None else 0
    return (value, value.tzinfo is None, value.utcoffset(), fold)


def _sequence(before: Any, after: Any, path: str) -> Loss | None:
    if len(before) != len(after):
        return _changed(before, path)
    pairs = zip(before, after, strict=True)
    return _first(loss(old, new, f"{path}[{index}]") for index, (old, new) in enumerate(pairs))


def _set(before: Any, after: Any, path: str) -> Loss | None:
    if before != after:
        return _changed(before, path)
    counterparts = {item: item for item in after}
    return _first(loss(item, counterparts[item], path) for item in before)


def _mapping(before: Any, after: Any, path: str) -> Loss | None:
    if len(before) != len(after):
        return _changed(before, path)
    pairs = list(zip(before.items(), after.items(), strict=True))
    return _first(loss(old, new, path) for (old, _), (new, _) in pairs) or _first(
        loss(old, new, f"{path}[{key!r}]") for (key, old), (_, new) in pairs
    )


def _object(before: Any, after: Any, path: str) -> Loss | None:
    if isinstance(before, BaseModel):
        return _first(_mapping(_inside(before, part), _inside(after, part), path) for part in _MODEL_PARTS)
    if dataclasses.is_dataclass(before):
        names = [field.name for field in dataclasses.fields(before)]
        return _first(loss(getattr(before, name), getattr(after, name), f"{path}.{name}") for name in names)
    if isinstance(before, enum.Enum):
        return None if before is after else _changed(before, path)
    return None if bool(before == after) else _changed(before, path)


_MODEL_PARTS = ("__dict__", "__pydantic_extra__", "__pydantic_private__")


def _inside(model: BaseModel, part: str) -> dict[str, Any]:
    return getattr(model, part, None) or {}
