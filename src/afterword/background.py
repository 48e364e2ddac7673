"""The list of background tasks that an endpoint is given, or makes by hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ParamSpec, Protocol

from starlette.background import BackgroundTask, BackgroundTasks

from afterword.collector import Collector
from afterword.errors import BareAnnotation, OutsideRequest
from afterword.inline import Inline
from afterword.witness import present

P = ParamSpec("P")

_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Reference:
    """A job that was added, or will be when its request commits."""

    id: str


class Taker(Protocol):
    """Where the calls of one list go."""

    @property
    def tasks(self) -> Sequence[BackgroundTask]: ...

    def take(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        """The id of what the call becomes."""
        ...

    async def run(self) -> None:
        """The response that carries the list as its `background` has been sent."""
        ...


class Tasks(BackgroundTask):
    """What a parameter annotated `BackgroundTasks` receives. Made by hand, it goes to `Response(background=...)`.

    It must never be a kind of Starlette's BackgroundTasks (plural): FastAPI fills a parameter annotated so with its own
    class, silently, and nothing would be written down.
    """

    # What tracing reads from whatever runs in the background; `func` stands below.
    args: Any = ()
    kwargs: Any = MappingProxyType({})
    is_async = True

    def __init__(self, tasks: Sequence[BackgroundTask] | None = None) -> None:
        self._taker: Taker = _Apart()
        for task in tasks or ():
            self._taker.take(task.func, task.args, task.kwargs)

    @classmethod
    def of(cls, taker: Taker) -> "Tasks":
        """A list whose calls go to `taker`."""
        tasks = cls.__new__(cls)
        tasks._taker = taker
        return tasks

    @property
    def tasks(self) -> Sequence[BackgroundTask]:
        """What was added and is not yet written. To add, call `add_task`."""
        return self._taker.tasks

    def add_task(self, func: Callable[P, Any] = _MISSING, /, *args: P.args, **kwargs: P.kwargs) -> Reference:
        """Run `func(*args, **kwargs)` after the response has been sent, in a runner process.

        Raises TaskRefused for a function, and ArgumentRefused for an argument, that cannot reach another process.
        """
        if func is _MISSING:
            func = _by_name(kwargs)  # The stock list takes it so, too.
        return Reference(self._taker.take(func, args, kwargs))

    async def __call__(self) -> None:
        await self._taker.run()

    func: Any = __call__

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        raise BareAnnotation(name=cls.__name__)


def _by_name(kwargs: dict[str, Any]) -> Callable[..., Any]:
    if "func" not in kwargs:
        raise TypeError("add_task() needs a function")
    function: Callable[..., Any] = kwargs.pop("func")
    return function


class _Apart:
    """The calls of a list made by hand: bound as they come, written down when its response has been sent."""

    def __init__(self) -> None:
        self._taker: Taker | None = None

    @property
    def tasks(self) -> Sequence[BackgroundTask]:
        return self._taker.tasks if self._taker else ()

    def take(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
        if self._taker is None:
            exchange = present.get(None)
            if exchange is None:
                raise OutsideRequest
            adder = exchange.find()
            self._taker = Inline(BackgroundTasks()) if adder is None else Collector(adder, held=False)
        return self._taker.take(function, args, kwargs)

    async def run(self) -> None:
        if self._taker:
            await self._taker.run()
