"""What is not written down, and the sentence that says what to do instead."""

import asyncio
import datetime as dt
import decimal
import functools
import io
import math
import queue
import sqlite3
import sys
import tempfile
import threading
import uuid
import warnings
import zoneinfo
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import pytest
from fastapi import FastAPI, Request, UploadFile, WebSocket
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, SecretStr, field_validator
from starlette.background import BackgroundTask

from afterword.errors import ArgumentRefused, ArgumentsUnreadable
from afterword.tasks.codec import decode, encode
from afterword.tasks.task import Task
from tests.tasks.things import Blob, Hidden, Item, Level, Special, Wicked, cycle, deep, hidden, taking, trip

THINGS = Item.__module__


def refusal(annotation: Any, value: Any) -> str:
    with pytest.raises(ArgumentRefused) as refused:
        encode(taking(annotation), (value,), {})
    return str(refused.value)


def said(got: str, path: str = "") -> str:
    return f"Argument `value{path}` of main:function cannot be written down: got {got}"


RETYPED: list[tuple[Any, Any, str, str, str]] = [
    (int, True, "", "bool", "int"),
    (int, "5", "", "str", "int"),
    (bool, 1, "", "int", "bool"),
    (float, 2**53 + 1, "", "int", "float"),
    (float | str, math.nan, "", "float nan", "str"),
    (str, b"x", "", "bytes", "str"),
    (bytes, bytearray(b"x"), "", "bytearray", "bytes"),
    (int, Level.LOW, "", f"{THINGS}.Level", "int"),
    (str, Wicked("x"), "", f"{THINGS}.Wicked", "str"),
    (list, [1, (2,)], "[1]", "tuple", "list"),
    (list[int], (1,), "", "tuple", "list"),
    (tuple[int, ...], [1], "", "list", "tuple"),
    (set[int], {True}, "", "bool", "int"),
    (set[tuple[int]], {(1.0,)}, "[0]", "float 1.0", "int"),
    (dict, {"a": {1: 2}}, "['a']", "int", "str"),
    (dict[str, Any], {"a": math.inf}, "['a']", "float inf", "str"),
    (dict[str, Any], {"t": dt.date(2026, 1, 1)}, "['t']", "datetime.date", "str"),
    (dt.date, dt.datetime(2026, 1, 1), "", "datetime.datetime", "datetime.date"),
    (Item, {"name": "x"}, "", "dict", f"{THINGS}.Item"),
    (Item, Special(name="x"), "", f"{THINGS}.Special", f"{THINGS}.Item"),
    (list[Item], [Item(name="x"), Special(name="y")], "[1]", f"{THINGS}.Special", f"{THINGS}.Item"),
    (Special | Item, Item(name="x"), "", f"{THINGS}.Item", f"{THINGS}.Special"),
]


@pytest.mark.parametrize(("annotation", "value", "path", "got", "back"), RETYPED, ids=[f"{r[0]}-{r[3]}" for r in RETYPED])
def test_what_would_come_back_as_another_type(annotation: Any, value: Any, path: str, got: str, back: str) -> None:
    name = got.partition(" ")[0]
    assert refusal(annotation, value) == (
        f"{said(got, path)}, which would come back as {back}. Say {name} in its annotation, or pass {back}."
    )


CHANGED: list[tuple[Any, Any, str, str]] = [
    (Hidden, hidden(5), "._hidden", "int"),
    (dt.datetime, dt.datetime(2026, 10, 25, 2, 30, fold=1), "", "datetime.datetime"),
    (dt.time, dt.time(1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")), "", "datetime.time"),
]


@pytest.mark.parametrize(("annotation", "value", "path", "got"), CHANGED, ids=[row[3] for row in CHANGED])
def test_what_would_come_back_changed(annotation: Any, value: Any, path: str, got: str) -> None:
    assert refusal(annotation, value) == (
        f"{said(got, path)}, which would come back changed. Pass plain data that says the same."
    )


NOT_READ: list[tuple[Any, Any, str, str]] = [
    (str, Level.LOW, f"{THINGS}.Level", "Input should be a valid string"),
    (Literal["a"], "b", "str", "Input should be 'a'"),
    (Annotated[int, Field(gt=0)], -1, "int", "Input should be greater than 0"),
    (decimal.Decimal, decimal.Decimal("sNaN"), "decimal.Decimal", "Input should be a finite number"),
]


@pytest.mark.parametrize(("annotation", "value", "got", "why"), NOT_READ, ids=[f"{row[0]}" for row in NOT_READ])
def test_what_would_not_be_read_back(annotation: Any, value: Any, got: str, why: str) -> None:
    assert refusal(annotation, value) == (f"{said(got)}, which would not be read back: {why}. Pass what its annotation allows.")


LOOSE: list[tuple[Any, str, str, str]] = [
    ((1,), "", "tuple", "which is not plain JSON, and no annotation says what it is"),
    (b"x", "", "bytes", "which is not plain JSON, and no annotation says what it is"),
    ({1}, "", "set", "which is not plain JSON, and no annotation says what it is"),
    (uuid.UUID(int=0), "", "uuid.UUID", "which is not plain JSON, and no annotation says what it is"),
    (Item(name="x"), "", f"{THINGS}.Item", "which is not plain JSON, and no annotation says what it is"),
    (math.nan, "", "float nan", "which plain JSON does not know"),
    ([{"a": [-math.inf]}], "[0]['a'][0]", "float -inf", "which plain JSON does not know"),
    ({"a": {1: 2}}, "['a']", "int", "which is a key, where JSON has only texts"),
]


@pytest.mark.parametrize("annotation", [Any, object, "Nowhere"])
@pytest.mark.parametrize(("value", "path", "got", "why"), LOOSE, ids=[row[2] for row in LOOSE])
def test_what_needs_an_annotation(annotation: Any, value: Any, path: str, got: str, why: str) -> None:
    assert refusal(annotation, value) == (f"{said(got, path)}, {why}. Annotate it with its type, or pass plain JSON values.")


@pytest.mark.parametrize("annotation", [Any, object, "Nowhere"])
def test_what_no_annotation_would_help(annotation: Any) -> None:
    for value, got in ((Wicked("x"), f"{THINGS}.Wicked"), (object(), "object")):
        assert refusal(annotation, [value]) == (
            f"{said(got, '[0]')}, which is not plain JSON, and pydantic does not know its type. Pass plain data, for example"
            " its id, and load it inside the task."
        )


@pytest.mark.parametrize("annotation", [Any, list])
@pytest.mark.parametrize("value", [cycle(), deep(5000), deep(210)], ids=["cycle", "very deep", "deep"])
def test_what_nests_too_deeply(annotation: Any, value: list[Any]) -> None:
    assert refusal(annotation, value) == (
        f"{said('list')}, which nests too deeply, or contains itself. Pass data that is flatter."
    )


def test_a_deep_stack_is_no_reason_to_fall_over() -> None:
    def below(levels: int) -> str:
        return refusal(Any, cycle()) if levels == 0 else below(levels - 1)

    spare = sys.getrecursionlimit() - len(list(iter_frames()))

    assert "nests too deeply" in below(spare - 120)


def iter_frames() -> Iterator[Any]:
    frame: Any = sys._getframe()
    while frame:
        yield frame
        frame = frame.f_back


@pytest.mark.parametrize("annotation", [str, Any])
def test_half_a_character(annotation: Any) -> None:
    assert refusal(annotation, "\ud800") == (
        f"{said('str')}, which holds half a character (a lone surrogate). Pass text that UTF-8 can hold."
    )


@pytest.mark.parametrize("annotation", [int, Any])
def test_a_number_of_too_many_digits(annotation: Any) -> None:
    assert refusal(annotation, 10**5000) == f"{said('int')}, which holds a number of too many digits. Pass it as text."
    assert trip(annotation, 10**4000) == 10**4000


def test_bytes_in_a_model_that_are_no_text() -> None:
    assert refusal(Blob, Blob(data=b"\xff")) == (
        f"{said(f'{THINGS}.Blob')}, which holds bytes that are no text."
        ' Give its model ConfigDict(ser_json_bytes="base64", val_json_bytes="base64").'
    )


def test_an_annotation_that_pydantic_does_not_know() -> None:
    assert refusal(Wicked, Wicked("x")) == (
        f"{said(f'{THINGS}.Wicked')}, and pydantic cannot work with its annotation (Unable to generate pydantic-core schema for"
        f" <class '{THINGS}.Wicked'>). Annotate it with a type that pydantic knows, or pass plain data, for example an id."
    )


def test_an_annotation_that_pydantic_does_not_know_costs_only_its_own_argument() -> None:
    def function(good: int, bad: Wicked | None = None) -> None: ...

    task = Task(function, "m:f")

    assert decode(task, encode(task, (1,), {})) == ((), {"good": 1})


def test_a_validator_that_raises() -> None:
    class Fussy(BaseModel):
        x: int

        @field_validator("x")
        @classmethod
        def check(cls, x: int) -> int:
            raise ZeroDivisionError("fussy")

    assert refusal(Fussy, Fussy.model_construct(x=1)).endswith(
        "Fussy, which would not be read back: ZeroDivisionError: fussy. Pass what its annotation allows."
    )
    with pytest.raises(ArgumentsUnreadable, match="ZeroDivisionError: fussy"):
        decode(taking(Fussy), b'{"value":{"x":1}}')


def test_a_validator_that_changes_its_mind() -> None:
    moods = iter([False, False, True])

    class Moody(BaseModel):
        x: int

        @field_validator("x")
        @classmethod
        def check(cls, x: int) -> int:
            assert next(moods)
            return x

    assert "which has no JSON form. Pass plain data" in refusal(Moody, Moody.model_construct(x=1))


def test_one_argument_among_many_is_named() -> None:
    def function(a: int, b: list[int], *rest: int, c: Item, **more: bytes) -> None: ...

    def named(*args: Any, **kwargs: Any) -> str:
        with pytest.raises(ArgumentRefused) as refused:
            encode(Task(function, "m:f"), args, kwargs)
        return str(refused.value).partition(" of ")[0]

    item = Item(name="x")
    assert named(1, [1, "2"], c=item) == "Argument `b[1]`"
    assert named(1, [1], 1, 2, "3", c=item) == "Argument `rest[2]`"
    assert named(1, [1], c=Special(name="x")) == "Argument `c`"
    assert named(1, [1], c=item, d=b"x", e=bytearray(b"y")) == "Argument `more['e']`"


# Things that people do try to pass. They are recognized by name, so that no library needs to be imported: of those that are not
# here, classes of the same name stand for the real ones.


def foreign(name: str, *bases: type, **attributes: Any) -> Any:
    module, _, name = name.rpartition(".")
    return type(name, bases, {"__module__": module, **attributes})()


async def numbers() -> AsyncIterator[int]:
    yield 1


SCOPE = {"type": "http", "headers": [], "path": "/", "method": "GET"}
REQUEST = (
    "which ends with its request. Pass what the task needs of it, for example request.client.host or await request.json()."
)
SESSION = "which is a database connection of this process. Open one inside the task, and pass ids."
CLIENT = "which is a connection of this process. Open one inside the task."
FILE = "which is open in this process only. Pass its path and open it inside the task."
LOCK = "which works within this process only. Lock inside the task, by something that all processes share."
UPLOAD = (
    "whose file is closed when the request ends. Save it and pass the path, or pass `await file.read()` to a parameter"
    " annotated as bytes."
)
KNOWN: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: Request(SCOPE), "starlette.requests.Request", REQUEST),
    (httpx.Client, "httpx.Client", CLIENT),
    (
        lambda: WebSocket({"type": "websocket", "headers": []}, *[None] * 2),  # type: ignore[arg-type]
        "starlette.websockets.WebSocket",
        "which is a connection of this process. Send what is to be sent in the endpoint, and pass plain data.",
    ),
    (
        lambda: JSONResponse({}),
        "starlette.responses.JSONResponse",
        "which belongs to its request. Pass the data that it is made of.",
    ),
    (
        lambda: BackgroundTask(print),
        "starlette.background.BackgroundTask",
        "which belongs to its request. Add the other task in the endpoint, beside this one.",
    ),
    (FastAPI, "fastapi.applications.FastAPI", "which lives in this process. Import it inside the task."),
    (lambda: UploadFile(io.BytesIO()), "fastapi.datastructures.UploadFile", UPLOAD),
    (io.BytesIO, "_io.BytesIO", FILE),
    (tempfile.SpooledTemporaryFile, "tempfile.SpooledTemporaryFile", FILE),
    (lambda: sqlite3.connect(":memory:"), "sqlite3.Connection", SESSION),
    (lambda: foreign("sqlalchemy.orm.session.Session"), "sqlalchemy.orm.session.Session", SESSION),
    (lambda: foreign("sqlalchemy.ext.asyncio.engine.AsyncEngine"), "sqlalchemy.ext.asyncio.engine.AsyncEngine", SESSION),
    (lambda: foreign("main.Session", type(foreign("sqlalchemy.orm.Session"))), "main.Session", SESSION),
    (lambda: foreign("psycopg.Connection"), "psycopg.Connection", SESSION),
    (lambda: foreign("asyncpg.pool.Pool"), "asyncpg.pool.Pool", SESSION),
    (
        lambda: foreign("main.User", __mapper__=object()),
        "main.User",
        "which belongs to a database session of this process. Pass its id, and load it inside the task.",
    ),
    (lambda: foreign("redis.client.Redis"), "redis.client.Redis", CLIENT),
    (lambda: (n for n in [1]), "generator", "which can be read only here, and only once. Pass a list of its items."),
    (numbers, "async_generator", "which can be read only here, and only once. Pass a list of its items."),
    (
        lambda: asyncio.Future(loop=asyncio.new_event_loop()),
        "_asyncio.Future",
        "which has not been awaited. Await it first, and pass what it returns.",
    ),
    (
        lambda: print,
        "builtin_function_or_method",
        "which is code, and only data is written down. Pass data, and let the task choose the function.",
    ),
    (
        lambda: functools.partial(print),
        "functools.partial",
        "which is code, and only data is written down. Pass data, and let the task choose the function.",
    ),
    (
        lambda: Item,
        "pydantic._internal._model_construction.ModelMetaclass",
        "which is code, and only data is written down. Pass its name, and let the task choose the class.",
    ),
    (lambda: math, "module", "which is code, and only data is written down. Import it inside the task."),
    (lambda: ValueError("x"), "ValueError", "which has no JSON form. Pass str(error)."),
    (threading.Lock, "_thread.lock", LOCK),
    (asyncio.Event, "asyncio.locks.Event", LOCK),
    (queue.Queue, "queue.Queue", LOCK),
    (
        lambda: SecretStr("x"),
        "pydantic.types.SecretStr",
        "whose text is hidden in its JSON form. Pass the name of the secret, and read it inside the task.",
    ),
]


@pytest.mark.parametrize("annotation", [Any, list])
@pytest.mark.parametrize(("make", "got", "tail"), KNOWN, ids=[row[1] for row in KNOWN])
def test_what_people_try_to_pass(annotation: Any, make: Callable[[], Any], got: str, tail: str) -> None:
    value = make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            assert refusal(annotation, value) == f"{said(got)}, {tail}"
        finally:
            close(value)


def close(value: Any) -> None:
    if isinstance(value, asyncio.Future):
        value.get_loop().close()
    elif isinstance(value, io.IOBase | tempfile.SpooledTemporaryFile | sqlite3.Connection | httpx.Client):
        value.close()


def test_an_open_file(tmp_path: Path) -> None:
    with (tmp_path / "x").open("w") as file:
        assert refusal(Any, file) == f"{said('_io.TextIOWrapper')}, {FILE}"


def test_a_coroutine() -> None:
    async def read() -> None: ...

    coroutine = read()
    try:
        assert refusal(Any, coroutine) == (
            f"{said('coroutine')}, which has not been awaited. Await it first, and pass what it returns."
        )
    finally:
        coroutine.close()


def test_what_people_try_to_pass_is_found_inside_other_things() -> None:
    assert refusal(dict[str, Any], {"now": [ValueError("x")]}) == (
        "Argument `value` of main:function cannot be written down: got dict, which has no JSON form."
        " Pass plain data, for example its id, and load it inside the task."
    )
    assert refusal(Any, {"now": [ValueError("x")]}) == (
        f"{said('ValueError', chr(91) + repr('now') + '][0]')}, which has no JSON form. Pass str(error)."
    )


def test_a_proxy_without_its_thing() -> None:
    def nothing(self: Any) -> Any:
        raise RuntimeError("nothing is here")

    proxy = type("Proxy", (), {"__class__": property(nothing)})()

    assert refusal(Any, proxy).endswith(
        "and pydantic does not know its type. Pass plain data, for example its id, and load it inside the task."
    )
