"""Annotations put together from all that are supported: whatever is accepted comes back as it was."""

import datetime as dt
import decimal
import enum
import uuid
from types import GenericAlias
from typing import Any, Generic, NamedTuple, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from afterword.errors import ArgumentRefused
from tests.tasks.things import TEXTS, Color, Item, Level, Pair, Point, trip

T = TypeVar("T")


class Wrapped(BaseModel, Generic[T]):
    """How bytes and infinities in a model are written is its own matter: this one says it."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", ser_json_inf_nan="strings")
    content: T


class Typed(NamedTuple):
    """An annotation, and values of it."""

    annotation: Any
    values: st.SearchStrategy[Any]


def _leaf(annotation: Any, values: st.SearchStrategy[Any]) -> Typed:
    return Typed(annotation, values)


SCALARS = [
    _leaf(str, TEXTS),
    _leaf(int, st.integers()),
    _leaf(bool, st.booleans()),
    _leaf(float, st.floats(allow_nan=False)),
    _leaf(bytes, st.binary(max_size=8)),
    _leaf(uuid.UUID, st.uuids()),
    _leaf(dt.date, st.dates()),
    _leaf(dt.timedelta, st.timedeltas()),
    _leaf(dt.datetime, st.datetimes().map(lambda moment: moment.replace(fold=0))),
    _leaf(decimal.Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    _leaf(Color, st.sampled_from(Color)),
    _leaf(Level, st.sampled_from(Level)),
]
LEAVES = [
    *SCALARS,
    _leaf(None, st.none()),
    _leaf(Point, st.builds(Point, st.integers(), st.floats(allow_nan=False), st.lists(TEXTS, max_size=2).map(tuple))),
    _leaf(Pair, st.builds(Pair, st.integers(), TEXTS)),
    _leaf(Item, st.builds(Item, name=TEXTS, sizes=st.sets(st.integers(), max_size=3))),
]
HASHABLE = st.sampled_from([leaf for leaf in SCALARS if leaf.annotation is not float])
# As a key, JSON has texts alone: those that come back from one.
KEYS = st.sampled_from([leaf for leaf in SCALARS if leaf.annotation in (str, int, uuid.UUID, dt.date, Color)])


def _within(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    return st.one_of(
        inner.map(lambda it: Typed(_of(list, it.annotation), st.lists(it.values, max_size=3))),
        inner.map(lambda it: Typed(_of(tuple, it.annotation, ...), st.lists(it.values, max_size=3).map(tuple))),
        st.tuples(inner, inner).map(
            lambda two: Typed(_of(tuple, *(one.annotation for one in two)), st.tuples(*(one.values for one in two)))
        ),
        st.tuples(KEYS, inner).map(
            lambda two: Typed(
                _of(dict, *(one.annotation for one in two)), st.dictionaries(two[0].values, two[1].values, max_size=3)
            )
        ),
        HASHABLE.map(lambda it: Typed(_of(set, it.annotation), st.sets(it.values, max_size=3))),
        inner.map(lambda it: Typed(it.annotation and it.annotation | None, st.none() | it.values)),
        inner.map(_wrapped),
    )


def _of(kind: type, *parts: Any) -> Any:
    return GenericAlias(kind, parts)


def _wrapped(it: Typed) -> Typed:
    kind: Any = Wrapped.__class_getitem__(it.annotation)
    return Typed(kind, it.values.map(lambda value: kind(content=value)))


ANNOTATED = st.recursive(st.sampled_from(LEAVES), _within, max_leaves=5)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_accepted_comes_back_however_it_is_nested(data: st.DataObject) -> None:
    typed = data.draw(ANNOTATED)
    value = data.draw(typed.values)
    back = trip(typed.annotation, value)
    assert back == value
    assert shape(back) == shape(value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_does_not_fit_its_annotation_is_refused_or_comes_back_all_the_same(data: st.DataObject) -> None:
    annotation, value = data.draw(ANNOTATED).annotation, data.draw(data.draw(ANNOTATED).values)
    try:
        back = trip(annotation, value)
    except ArgumentRefused as refusal:
        assert "cannot be written down: got " in str(refusal)
    else:
        assert back == value


def shape(value: Any) -> Any:
    """The types of a value and of what is in it."""
    if isinstance(value, enum.Enum):
        return type(value)
    if isinstance(value, dict):
        return (dict, [(shape(key), shape(item)) for key, item in value.items()])
    if isinstance(value, list | tuple):
        return (type(value), [shape(item) for item in value])
    if isinstance(value, set):
        return (set, {type(item) for item in value})
    if isinstance(value, Wrapped):
        return (type(value), shape(value.content))
    return type(value)
