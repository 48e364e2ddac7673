"""The list of background tasks that an endpoint is given, or makes by hand."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ParamSpec, Protocol

from starlette.background import BackgroundTask, BackgroundTasks

from afterword.adder import Adder
from afterword.collector import Collector
from afterword.errors import BareAnnotation, OutsideRequest
from afterword.inline import Beside, Inline
from afterword.jobs.reference import Reference
from afterword.rehearsal import Way, stray
from afterword.tasks.task import durable
from afterword.witness import present

P = ParamSpec("P")

_MISSING: Any = object()


class Taker(Protocol):
    """Where the calls of one list go."""

    @property
    def tasks(self) -> list[BackgroundTask]:
        """What was added and is not yet written."""
        ...

    def take(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Reference:
        """What the call becomes."""
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
        self._beside: Taker | None = None
        for task in tasks or ():
            self._taker.take(task.func, task.args, task.kwargs)

    @classmethod
    def of(cls, taker: Taker, beside: Taker | None = None) -> "Tasks":
        """A list whose calls go to `taker`, but for those that are not durable where these have a taker of their own."""
        tasks = cls.__new__(cls)
        tasks._taker = taker
        tasks._beside = beside
        return tasks

    @property
    def tasks(self) -> list[BackgroundTask]:
        """What was added and is not yet written. To add, call `add_task`."""
        return self._taker.tasks + self._beside.tasks if self._beside else self._taker.tasks

    def add_task(self, func: Callable[P, Any] = _MISSING, /, *args: P.args, **kwargs: P.kwargs) -> Reference:
        """Run `func(*args, **kwargs)` after the response has been sent, in a runner process.

        The reference tells the id of the job; with a unique key, that of the earlier job that stands, once the request has
        committed. Raises TaskRefused for a function, and ArgumentRefused for an argument, that cannot reach another process,
        and UniqueKeyRefused for what cannot be a unique key.
        """
        if func is _MISSING:
            func = _by_name(kwargs)  # The stock list takes it so, too.
        taker = self._beside if self._beside and not durable(func) else self._taker
        return taker.take(func, args, kwargs)

    async def __call__(self) -> None:
        await self._taker.run()
        if self._beside:
            await self._beside.run()

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
        self._tasks: Tasks | None = None

    @property
    def tasks(self) -> list[BackgroundTask]:
        found = self._find()
        return found.tasks if found else []

    def take(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Reference:
        found = self._find()
        if found is None:
            raise OutsideRequest
        return found.add_task(function, *args, **kwargs)

    async def run(self) -> None:
        if self._tasks:
            await self._tasks()

    def _find(self) -> Tasks | None:
        """Where its calls go; None outside of a request, but for tests that call an endpoint as the function that it is."""
        if self._tasks is None:
            exchange = present.get(None)
            find = exchange.find if exchange else stray()
            self._tasks = by_hand(find()) if find else None
        return self._tasks


def by_hand(way: Way, *, chained: bool = True) -> Tasks:
    """A list that is written down when it is called. `chained`: each of its tasks waits for the one before."""
    if isinstance(way, Adder):
        return Tasks.of(Collector(way, held=False, chained=chained), _BesideByHand(BackgroundTasks(), way.see_through))
    return Tasks.of(Inline(BackgroundTasks(), way))


class _BesideByHand(Beside):
    """With the response that carries a list made by hand, the request is over for it."""

    async def run(self) -> None:
        await self.end()
