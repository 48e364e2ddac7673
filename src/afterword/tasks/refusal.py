"""Why a value cannot travel to another process, and what to pass instead, for the things that people do try to pass."""

import functools
import inspect
import io
import types
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from afterword.tasks.fidelity import describe


class Reason(NamedTuple):
    """`why` continues "got X, ..."; `mend` is a sentence of its own."""

    why: str
    mend: str


UNKNOWN = Reason("which has no JSON form", "Pass plain data, for example its id, and load it inside the task.")
STRANGE = Reason("which is not plain JSON, and pydantic does not know its type", UNKNOWN.mend)
NESTED = Reason("which nests too deeply, or contains itself", "Pass data that is flatter.")


def known(value: Any) -> Reason | None:
    """The reason why nothing like `value` travels; None where nothing is known about its kind."""
    for kind in type(value).__mro__:
        reason = _BY_NAME.get((kind.__module__.partition(".")[0], kind.__name__))
        if reason:
            return reason
        if "__mapper__" in vars(kind):
            return _MAPPED
    with suppress(Exception):  # A proxy that stands for nothing at the moment may raise anything.
        return next((reason for test, reason in _BY_TEST if test(value)), None)
    return None


def nameable(kind: type) -> bool:
    """Whether it may be annotated with, so that a value of this type travels."""
    if kind is object:  # That says nothing.
        return False
    try:
        TypeAdapter(kind)
    except Exception:  # Also whatever the user's own class raises when it is asked.
        return False
    return True


def unwritable(error: Exception) -> Reason:
    """Why a value could not be written as JSON."""
    text = str(error)
    if "surrogates not allowed" in text:
        return Reason("which holds half a character (a lone surrogate)", "Pass text that UTF-8 can hold.")
    if "depth exceeded" in text or "Circular reference" in text or isinstance(error, RecursionError):
        return NESTED
    if "invalid utf-8" in text:
        return Reason(
            "which holds bytes that are no text", 'Give its model ConfigDict(ser_json_bytes="base64", val_json_bytes="base64").'
        )
    return UNKNOWN


def unreadable(error: Exception) -> Reason:
    """Why a value could be written, but not be read back."""
    text = error.errors()[0]["msg"] if isinstance(error, ValidationError) else f"{type(error).__name__}: {error}"
    if "number out of range" in text:
        return Reason("which holds a number of too many digits", "Pass it as text.")
    if "recursion limit" in text or isinstance(error, RecursionError):
        return NESTED
    return Reason(f"which would not be read back: {text}", "Pass what its annotation allows.")


def call(value: Any) -> str:
    """What was got, for a sentence: its type, and its value where that says more."""
    return f"float {value}" if type(value) is float else describe(type(value))


_REQUEST = Reason(
    "which ends with its request",
    "Pass what the task needs of it, for example request.client.host or await request.json().",
)
_SOCKET = Reason("which is a connection of this process", "Send what is to be sent in the endpoint, and pass plain data.")
_RESPONSE = Reason("which belongs to its request", "Pass the data that it is made of.")
_UPLOAD = Reason(
    "whose file is closed when the request ends",
    "Save it and pass the path, or pass `await file.read()` to a parameter annotated as bytes.",
)
_FILE = Reason("which is open in this process only", "Pass its path and open it inside the task.")
_SESSION = Reason("which is a database connection of this process", "Open one inside the task, and pass ids.")
_CLIENT = Reason("which is a connection of this process", "Open one inside the task.")
_TASKS = Reason("which belongs to its request", "Add the other task in the endpoint, beside this one.")
_APPLICATION = Reason("which lives in this process", "Import it inside the task.")
_LOCK = Reason("which works within this process only", "Lock inside the task, by something that all processes share.")
_FUNCTION = Reason("which is code, and only data is written down", "Pass data, and let the task choose the function.")
_MODULE = Reason("which is code, and only data is written down", "Import it inside the task.")
_MAPPED = Reason("which belongs to a database session of this process", "Pass its id, and load it inside the task.")
_CLASS = Reason("which is code, and only data is written down", "Pass its name, and let the task choose the class.")
_SECRET = Reason("whose text is hidden in its JSON form", "Pass the name of the secret, and read it inside the task.")

_DATABASES = ("sqlite3", "aiosqlite", "psycopg", "psycopg2", "psycopg_pool", "asyncpg", "pymysql", "aiomysql")
_DATABASE_CLASSES = (
    *("Connection", "AsyncConnection", "connection", "Cursor", "AsyncCursor", "cursor"),
    *("ConnectionPool", "AsyncConnectionPool", "Pool"),
)
_SQLALCHEMY_CLASSES = (
    *("Session", "AsyncSession", "scoped_session", "async_scoped_session", "sessionmaker", "async_sessionmaker"),
    *("Engine", "AsyncEngine", "Connection", "AsyncConnection", "Transaction", "Result"),
)
_CLIENTS = (
    *(("httpx", "BaseClient"), ("httpx2", "BaseClient"), ("aiohttp", "ClientSession"), ("requests", "Session")),
    *(("redis", "Redis"), ("pymongo", "MongoClient"), ("smtplib", "SMTP"), ("socket", "socket")),
)
_SYNCHRONIZERS = ("_thread", "threading", "asyncio", "_asyncio", "anyio", "multiprocessing", "queue", "_queue")
_SYNCHRONIZER_CLASSES = (
    *("lock", "Lock", "RLock", "Condition", "Event", "Semaphore", "Barrier"),
    *("Queue", "SimpleQueue", "Thread", "Process"),
)

_BY_NAME: dict[tuple[str, str], Reason] = {
    ("starlette", "HTTPConnection"): _REQUEST,
    ("starlette", "WebSocket"): _SOCKET,
    ("starlette", "Response"): _RESPONSE,
    ("starlette", "UploadFile"): _UPLOAD,
    ("starlette", "BackgroundTask"): _TASKS,
    ("starlette", "Starlette"): _APPLICATION,
    ("tempfile", "_TemporaryFileWrapper"): _FILE,
    ("tempfile", "SpooledTemporaryFile"): _FILE,
    ("pydantic", "_SecretBase"): _SECRET,
    **dict.fromkeys(product(["sqlalchemy"], _SQLALCHEMY_CLASSES), _SESSION),
    **dict.fromkeys(product(_DATABASES, _DATABASE_CLASSES), _SESSION),
    **dict.fromkeys(_CLIENTS, _CLIENT),
    **dict.fromkeys(product(_SYNCHRONIZERS, _SYNCHRONIZER_CLASSES), _LOCK),
}

_BY_TEST: tuple[tuple[Callable[[Any], bool], Reason], ...] = (
    (inspect.isawaitable, Reason("which has not been awaited", "Await it first, and pass what it returns.")),
    (
        lambda value: isinstance(value, types.GeneratorType | types.AsyncGeneratorType),
        Reason("which can be read only here, and only once", "Pass a list of its items."),
    ),
    (lambda value: isinstance(value, io.IOBase), _FILE),
    (lambda value: isinstance(value, BaseException), Reason("which has no JSON form", "Pass str(error).")),
    (lambda value: isinstance(value, type), _CLASS),
    (lambda value: isinstance(value, types.ModuleType), _MODULE),
    (lambda value: inspect.isroutine(value) or isinstance(value, functools.partial), _FUNCTION),
)
