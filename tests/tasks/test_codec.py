"""Arguments as JSON and back: what is accepted comes back as it was, in value and in type."""

import contextlib
import datetime as dt
import decimal
import fractions
import ipaddress
import json
import math
import pathlib
import uuid
import zoneinfo
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, RootModel
from typing_extensions import Unpack

from afterword.errors import ArgumentRefused, ArgumentsUnreadable
from afterword.tasks.codec import decode, encode
from afterword.tasks.task import Task
from tests.tasks.things import (
    PLAIN,
    TEXTS,
    Box,
    Camel,
    Color,
    Item,
    Level,
    Movie,
    Movies,
    Open,
    Pair,
    Point,
    Span,
    Stamped,
    Tree,
    trip,
)

OFFSETS = st.timezones() | st.integers(-1439, 1439).map(lambda m: dt.timezone(dt.timedelta(minutes=m)))
NAIVE = st.datetimes().map(lambda moment: moment.replace(fold=0))
# From 1975: before, some offsets have seconds, which ISO 8601 cannot say.
AWARE = st.datetimes(dt.datetime(1975, 1, 1), dt.datetime(2037, 1, 1), timezones=OFFSETS).filter(
    # Python takes an hour that a clock shows twice, or skips, for unequal to itself in another zone; see the test of its own.
    lambda moment: moment == moment.astimezone(dt.UTC)
)
ITEMS = st.builds(Item, name=TEXTS, price=st.decimals(allow_nan=False, allow_infinity=False), sizes=st.sets(st.integers()))
SUPPORTED: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (str, TEXTS),
    (int, st.integers()),
    (bool, st.booleans()),
    (float, st.floats(allow_nan=False)),
    (None, st.none()),
    (str | None, st.none() | TEXTS),
    (int | str, st.integers() | TEXTS),
    (int | bool | None, st.integers() | st.booleans() | st.none()),
    (float | int, st.floats(allow_nan=False) | st.integers()),
    (Any, PLAIN),
    (object, PLAIN),
    ("NowhereDefined", PLAIN),
    (bytes, st.binary()),
    (decimal.Decimal, st.decimals(allow_nan=False, allow_infinity=False)),
    (fractions.Fraction, st.fractions()),
    (complex, st.complex_numbers(allow_nan=False, allow_infinity=False)),
    (uuid.UUID, st.uuids()),
    (dt.datetime, NAIVE | AWARE),
    (dt.date, st.dates()),
    (dt.time, st.times().map(lambda time: time.replace(fold=0))),
    (dt.timedelta, st.timedeltas()),
    (pathlib.Path, st.sampled_from(["/", "a/b", "..", "ü.txt"]).map(pathlib.Path)),
    (ipaddress.IPv4Address, st.ip_addresses(v=4)),
    (ipaddress.IPv6Address, st.ip_addresses(v=6)),
    (Color, st.sampled_from(Color)),
    (Level, st.sampled_from(Level)),
    (Literal["a", 1, None], st.sampled_from(["a", 1, None])),
    (Annotated[int, Field(gt=0)], st.integers(min_value=1)),
    (list[int], st.lists(st.integers())),
    (list[Any], st.lists(PLAIN, max_size=4)),
    (Sequence[float], st.lists(st.floats(allow_nan=False))),
    (Iterable[str], st.lists(TEXTS)),
    (tuple[int, str], st.tuples(st.integers(), TEXTS)),
    (tuple[bytes, ...], st.lists(st.binary()).map(tuple)),
    (set[str], st.sets(TEXTS)),
    (frozenset[int], st.frozensets(st.integers())),
    (deque[int], st.lists(st.integers()).map(deque)),
    (dict[str, bytes], st.dictionaries(TEXTS, st.binary())),
    (dict[int, set[int]], st.dictionaries(st.integers(), st.sets(st.integers()))),
    (dict[uuid.UUID, dt.date], st.dictionaries(st.uuids(), st.dates())),
    (dict[str, Any], st.dictionaries(TEXTS, PLAIN, max_size=4)),
    (Mapping[str, int], st.dictionaries(TEXTS, st.integers())),
    (OrderedDict[str, int], st.dictionaries(TEXTS, st.integers()).map(OrderedDict)),
    (Point, st.builds(Point, st.integers(), st.floats(allow_nan=False), st.lists(TEXTS).map(tuple))),
    (Span, st.builds(Span, AWARE, st.none() | NAIVE)),
    (Pair, st.builds(Pair, st.integers(), TEXTS)),
    (Movie, st.builds(lambda title, year: Movie(title=title, year=year), TEXTS, st.integers())),
    (Item, ITEMS),
    (list[Item], st.lists(ITEMS, max_size=3)),
    (Item | None, st.none() | ITEMS),
    (Point | Item | Color, st.builds(Point, st.integers()) | ITEMS | st.sampled_from(Color)),
    (Tree, st.deferred(lambda: st.builds(Tree, value=st.integers(), branches=st.lists(TREES, max_size=2)))),
    (Box[tuple[int, ...]], st.lists(st.integers()).map(lambda items: Box[tuple[int, ...]](content=tuple(items)))),
    (Camel, st.builds(lambda a, b: Camel(**{"firstName": a, "in": b}), TEXTS, TEXTS)),
    (RootModel[dict[str, int]], st.dictionaries(TEXTS, st.integers()).map(RootModel[dict[str, int]])),
]
TREES: st.SearchStrategy[Tree] = st.builds(Tree, value=st.integers(), branches=st.just([]))


@pytest.mark.parametrize(("annotation", "values"), SUPPORTED, ids=[str(annotation) for annotation, _ in SUPPORTED])
@settings(max_examples=50)
@given(data=st.data())
def test_what_is_accepted_comes_back(annotation: Any, values: st.SearchStrategy[Any], data: st.DataObject) -> None:
    value = data.draw(values)

    back = trip(annotation, value)

    assert back == value
    assert type(back) is type(value)
    if not isinstance(value, dt.datetime | Span | complex):  # The name of a time zone and the sign of a zero may be lost.
        assert sorted(repr(back)) == sorted(repr(value))  # Sorted, since sets have no order.


@pytest.mark.parametrize("annotation", [float, float | None, list[float], dict[str, float], tuple[float, int]], ids=str)
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -0.0])
def test_floats_that_json_does_not_know_come_back_where_floats_are_annotated(annotation: Any, number: float) -> None:
    value: Any = number
    if annotation == list[float]:
        value = [number, 1.0]
    elif annotation == dict[str, float]:
        value = {"it": number}
    elif annotation == tuple[float, int]:
        value = (number, 1)

    assert repr(trip(annotation, value)) == repr(value)


def test_what_is_stored_is_json_by_parameter_name() -> None:
    def function(a: int, b: float, c: bytes = b"", *rest: Color, d: str = "", **more: dt.date) -> None: ...

    data = encode(Task(function, "m:f"), (1, math.nan, b"\xff", Color.RED), {"d": "ü", "e": dt.date(2026, 1, 2)})

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(data, parse_constant=refuse) == {
        "a": 1,
        "b": "NaN",
        "c": "_w==",
        "rest": ["red"],
        "d": "ü",
        "more": {"e": "2026-01-02"},
    }


def everything(a: int, /, b: int, c: int = 3, *rest: int, d: int, e: int = 5, **more: int) -> Any:
    return (a, b, c, rest, d, e, more)


def places(a: int, b: int = 2, /) -> Any:
    return (a, b)


def names(*, a: int, b: int = 2) -> Any:
    return (a, b)


def mixed(a: int, b: int = 2, *, c: int = 3) -> Any:
    return (a, b, c)


def clashing(a: int, /, **more: int) -> Any:
    return (a, more)


def awkward(self: int, args: int = 0, _private: int = 1, model_config: int = 2, value: int = 3, json: int = 4) -> Any:
    return (self, args, _private, model_config, value, json)


def nothing() -> Any:
    return ()


@pytest.mark.parametrize("function", [everything, places, names, mixed, clashing, awkward, nothing])
@given(
    args=st.lists(st.integers(), max_size=5),
    kwargs=st.dictionaries(
        st.sampled_from(["a", "b", "c", "d", "e", "self", "json", "_private", "model_config"]), st.integers()
    ),
)
def test_a_call_is_bound_as_python_binds_it(function: Callable[..., Any], args: list[int], kwargs: dict[str, int]) -> None:
    task = Task(function, "main:function")
    try:
        expected = function(*args, **kwargs)
    except TypeError:
        with pytest.raises(TypeError, match=r"^main:function\(\): ") as refused:
            encode(task, args, kwargs)
        assert refused.type is TypeError
    else:
        back, by_name = decode(task, encode(task, args, kwargs))
        assert function(*back, **by_name) == expected


@pytest.mark.parametrize(
    ("args", "kwargs", "sentence"),
    [
        ((), {}, "main:mixed(): missing a required argument: 'a'"),
        ((1, 2, 3), {}, "main:mixed(): too many positional arguments"),
        ((1,), {"a": 1}, "main:mixed(): multiple values for argument 'a'"),
        ((1,), {"z": 1}, "main:mixed(): got an unexpected keyword argument 'z'"),
    ],
)
def test_a_call_that_does_not_fit_says_so(args: tuple[int, ...], kwargs: dict[str, int], sentence: str) -> None:
    with pytest.raises(TypeError) as refused:
        encode(Task(mixed, "main:mixed"), args, kwargs)

    assert str(refused.value) == sentence


def test_defaults_are_not_stored_but_taken_when_it_runs() -> None:
    assert encode(Task(mixed, "m:f"), (1,), {}) == b'{"a":1}'
    assert decode(Task(mixed, "m:f"), b'{"a":1}') == ((), {"a": 1})
    assert decode(Task(places, "m:f"), b'{"a":1}') == ((1, 2), {})


def test_unpacked_keywords_go_by_their_own_types() -> None:
    def function(**options: Unpack[Movies]) -> None: ...

    task = Task(function, "m:f")

    assert decode(task, encode(task, (), {"first": 1, "second": "x"})) == ((), {"first": 1, "second": "x"})
    with pytest.raises(ArgumentRefused, match=r"`options\['first'\]` of m:f"):
        encode(task, (), {"first": "1"})


def test_a_model_keeps_what_was_left_unset() -> None:
    given = Item(name="pen", sizes={1})

    back = trip(Item, given)

    assert back.model_dump(exclude_unset=True) == {"name": "pen", "sizes": {1}}


def test_a_default_that_is_made_anew_comes_back_as_it_was_made() -> None:
    given = Stamped()

    assert trip(Stamped, given).id == given.id


def test_extra_fields_of_a_model_come_back() -> None:
    assert trip(Open, Open(a=1, b="x")) == Open(a=1, b="x")  # type: ignore[call-arg]


def test_an_int_may_come_back_as_the_equal_float() -> None:
    assert repr(trip(float, 3)) == "3.0"
    assert repr(trip(list[float], [1, 2.5])) == "[1.0, 2.5]"


def test_a_time_zone_keeps_its_offset_though_not_its_name() -> None:
    given = dt.datetime(2026, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))

    back = trip(dt.datetime, given)

    assert (back, back.utcoffset()) == (given, dt.timedelta(hours=2))


@pytest.mark.parametrize("fold", [0, 1])
def test_the_hour_that_the_clock_shows_twice_comes_back(fold: int) -> None:
    given = dt.datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))

    back = trip(dt.datetime, given)

    assert (back.timestamp(), back.utcoffset()) == (given.timestamp(), dt.timedelta(hours=2 - fold))


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        (b"", "arguments: Invalid JSON: EOF while parsing a value at line 1 column 0"),
        (b"[]", "arguments: Input should be an object"),
        (b'{"a":1}', "b: no value is stored, and it has no default"),
        (b'{"a":1,"b":"x"}', "b: Input should be a valid integer, unable to parse string as an integer"),
        (b'{"a":1,"b":2,"z":3}', "z: Extra inputs are not permitted"),
        (b'{"a":"x","b":"y"}', "a: Input should be a valid integer, unable to parse string as an integer; "
            "b: Input should be a valid integer, unable to parse string as an integer"),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
    ],
)  # fmt: skip
def test_stored_arguments_that_do_not_fit_are_unreadable(stored: bytes, why: str | None) -> None:
    def function(a: int, b: int) -> None: ...

    with pytest.raises(ArgumentsUnreadable) as unreadable:
        decode(Task(function, "main:function"), stored)

    if why is not None:
        assert str(unreadable.value) == (
            f"The stored arguments of main:function do not fit its present signature: {why}."
            " Mend the function or cancel the job."
        )


@given(st.binary())
def test_garbage_is_unreadable_and_never_worse(garbage: bytes) -> None:
    def function(a: int, *rest: Item, b: dict[str, bytes] | None = None, **more: float) -> None: ...

    with contextlib.suppress(ArgumentsUnreadable):
        decode(Task(function, "main:function"), garbage)
