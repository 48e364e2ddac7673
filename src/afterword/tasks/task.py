"""A task: what can run, its name and its options."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, ParamSpec, TypeGuard, TypeVar

from afterword.jobs.retry import Retry
from afterword.tasks.signature import Parameters

P = ParamSpec("P")
R = TypeVar("R")

Unique = bool | Callable[..., str | None]
"""Whether a task's calls are unique by their arguments, or what makes a key of these."""


class Options(NamedTuple):
    """How a task's jobs are run; written into each job when it is added."""

    retry: Retry = Retry()
    queue: str = "default"
    priority: int = 0
    at_most_once: bool = False
    ordered: bool = True
    """Whether it waits for the task added before it in the same request."""
    durable: bool = True
    """False: it is not written down, but run in the application's own process."""
    timeout: float | None = None
    """Seconds that one attempt may take. A coroutine is cancelled then; whatever goes on all the same loses its runner."""
    unique: Unique = False
    """Whether no second job with the same key is added while one is unfinished."""
    via: str | None = None
    """The engine that runs it, or the only one of that kind; None: our own runners."""


PLAIN = Options()


class Task(Generic[P, R]):
    """A function with a name and options. Calling it calls the function, here and now."""

    __name__: str
    __qualname__: str

    def __init__(self, function: Callable[P, R], name: str, options: Options = PLAIN, origin: str | None = None) -> None:
        functools.update_wrapper(self, function)  # First, since it copies whatever attributes the function carries.
        self.function = function
        self.name = name
        self.options = options
        self.origin = None if origin == name else origin
        """`module:qualname` of the function, where the name does not say it."""

    @functools.cached_property
    def is_async(self) -> bool:
        """Whether the function is an `async def`."""
        return inspect.iscoroutinefunction(self.function)

    @functools.cached_property
    def parameters(self) -> Parameters:
        """How its arguments are written down; built at the first use."""
        return Parameters(self.function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<task {self.name}>"


def durable(function: Callable[..., object]) -> bool:
    """Whether what was handed to add_task is to be written down."""
    return not is_task(function) or function.options.durable


def is_task(function: object) -> TypeGuard[Task[..., Any]]:
    """Whether it is one by its own type: a mock that has a task's spec passes for one with isinstance, and is none."""
    return issubclass(type(function), Task)
