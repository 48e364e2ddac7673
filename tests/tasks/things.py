"""Types and values that tasks take, for the tests of how they are written down."""

import dataclasses
import datetime as dt
import decimal
import enum
import uuid
from typing import Any, Generic, NamedTuple, TypeVar

from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from afterword.tasks.codec import decode, encode
from afterword.tasks.task import Task

T = TypeVar("T")


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.0
    tags: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    begin: dt.datetime
    end: dt.datetime | None = None


class Pair(NamedTuple):
    left: int
    right: str


class Item(BaseModel):
    name: str
    price: decimal.Decimal = decimal.Decimal(1)
    sizes: set[int] = set()


class Special(Item):
    discount: int = 5


class Tree(BaseModel):
    value: int
    branches: list["Tree"] = []


class Box(BaseModel, Generic[T]):
    content: T


class Camel(BaseModel):
    first_name: str = Field(alias="firstName")
    last: str = Field("", validation_alias="in", serialization_alias="out")


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Stamped(BaseModel):
    id: uuid.UUID = Field(default_factory=uuid.uuid4)
    note: str = ""


class Hidden(BaseModel):
    shown: int = 0
    _hidden: int = 0


class Blob(BaseModel):
    data: bytes


class Movie(TypedDict):
    title: str
    year: int


class Movies(TypedDict, total=False):
    first: int
    second: str


class Wicked(str):
    """A text that is more than that."""


def cycle() -> list[Any]:
    inside: list[Any] = []
    inside.append({"again": inside})
    return inside


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def hidden(secret: int) -> Hidden:
    model = Hidden()
    model._hidden = secret
    return model


def taking(annotation: Any) -> Task[..., Any]:
    def function(value: Any) -> None: ...

    function.__annotations__["value"] = annotation
    return Task(function, "main:function")


def trip(annotation: Any, value: Any) -> Any:
    task = taking(annotation)
    args, kwargs = decode(task, encode(task, (value,), {}))
    assert args == () and list(kwargs) == ["value"]
    return kwargs["value"]


TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
