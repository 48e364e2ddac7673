"""Whether a value comes back from its JSON form as it went in."""

import dataclasses
import datetime
import math
from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import BaseModel

DEEPEST = 100
"""Levels of lists and dictionaries within each other; what is deeper may as well contain itself."""


class Loss(NamedTuple):
    """Where a value does not survive. `why` continues "got X, ..."; `mend` is a sentence of its own."""

    path: str
    """From the argument inwards, like `['to'][0]`; empty for the argument itself."""
    value: Any
    why: str
    mend: str


def unplain(value: Any, depth: int = 0) -> Loss | None:
    """The first part of `value` that is no plain JSON, None when all of it is. RecursionError for what nests too deeply."""
    kind = type(value)
    if kind in (str, int, bool) or value is None:
        return None
    if kind is float:
        return None if math.isfinite(value) else _loose(value, "which plain JSON does not know")
    if depth == DEEPEST:
        raise RecursionError
    if kind is list:
        return _first((index, unplain(item, depth + 1)) for index, item in enumerate(value))
    if kind is dict:
        return _first((key, unplain(item, depth + 1)) for key, item in value.items()) or _loose_key(value)
    return _loose(value, "which is not plain JSON, and no annotation says what it is")


def loss(before: Any, after: Any) -> Loss | None:
    """The first part of `before` that did not come back as it was, None when all of it did.

    An int where a float is annotated may come back as the equal float. The name of a time zone may be lost, the instant and its
    offset may not.
    """
    kind = type(before)
    if kind is not type(after):
        return None if kind is int and type(after) is float and before == after else _retyped(before, type(after))
    if kind in (str, int, bool) or before is None:
        return _unless(before == after, before)
    if kind is float:
        return _unless(before == after or (math.isnan(before) and math.isnan(after)), before)
    if isinstance(before, datetime.datetime | datetime.time):
        return _unless(_moment(before) == _moment(after), before)
    if isinstance(before, list | tuple | deque):
        return _sequence(before, after)
    if isinstance(before, set | frozenset):
        return _set(before, after)
    if isinstance(before, dict):
        return _mapping(before, after)
    return _object(before, after)


def describe(kind: type) -> str:
    """A type as people call it."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _first(losses: Iterable[tuple[Any, Loss | None]], step: str = "[{!r}]") -> Loss | None:
    """The first loss, with the step that leads to it; steps are spelled out only then, since most values lose nothing."""
    for place, lost in losses:
        if lost:
            return lost._replace(path=step.format(place) + lost.path)
    return None


def _loose(value: Any, why: str) -> Loss:
    return Loss("", value, why, "Annotate it with its type, or pass plain JSON values.")


def _loose_key(mapping: dict[Any, Any]) -> Loss | None:
    loose = [key for key in mapping if type(key) is not str]
    return _loose(loose[0], "which is a key, where JSON has only texts") if loose else None


def _retyped(value: Any, kind: type) -> Loss:
    mend = f"Say {describe(type(value))} in its annotation, or pass {describe(kind)}."
    return Loss("", value, f"which would come back as {describe(kind)}", mend)


def _unless(equal: bool, value: Any) -> Loss | None:
    return None if equal else Loss("", value, "which would come back changed", "Pass plain data that says the same.")


def _moment(value: Any) -> tuple[Any, ...]:
    # What the clock shows and its offset, rather than `==`: between two zones, Python takes the hour that a clock shows twice,
    # and the one that it skips, for unequal to everything. Where there is an offset, it says which of the two hours it is.
    aware = value.tzinfo is not None
    return (value.replace(tzinfo=None), aware, value.utcoffset(), aware or value.fold)


def _sequence(before: Any, after: Any) -> Loss | None:
    pairs = enumerate(zip(before, after, strict=False))
    return _unless(len(before) == len(after), before) or _first((index, loss(old, new)) for index, (old, new) in pairs)


def _set(before: Any, after: Any) -> Loss | None:
    if before != after:
        return _unless(False, before)
    counterparts = {item: item for item in after}
    return next(filter(None, (loss(item, counterparts[item]) for item in before)), None)


def _mapping(before: Any, after: Any) -> Loss | None:
    keys, values = list(before), list(before.values())
    return _unless(len(before) == len(after), before) or (
        next(filter(None, map(loss, keys, after)), None) or _first(zip(keys, map(loss, values, after.values()), strict=True))
    )


def _object(before: Any, after: Any) -> Loss | None:
    if isinstance(before, BaseModel):
        return _attributes(_inside(before), _inside(after), before)
    if dataclasses.is_dataclass(before):
        names = [field.name for field in dataclasses.fields(before)]
        old, new = ({name: getattr(it, name) for name in names} for it in (before, after))
        return _attributes(old, new, before)
    return _unless(bool(before == after), before)


def _inside(model: BaseModel) -> dict[str, Any]:
    """Fields, extra fields and private attributes."""
    return {**model.__dict__, **(model.__pydantic_extra__ or {}), **(model.__pydantic_private__ or {})}


def _attributes(before: dict[str, Any], after: dict[str, Any], whole: Any) -> Loss | None:
    lost = _unless(before.keys() == after.keys(), whole)
    return lost or _first(((name, loss(old, after[name])) for name, old in before.items()), ".{}")
