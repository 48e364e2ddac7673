"""Functions in threads, beside a loop."""

import asyncio
import contextvars
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from afterword.attempt import NotCalled
from afterword.runner.calling import Calling
from afterword.tasks.task import Task
from tests.support.processes import PATIENCE, wait_until

label: contextvars.ContextVar[str] = contextvars.ContextVar("label", default="none")


def task(function: Callable[..., Any]) -> Task[..., Any]:
    return Task(function, function.__qualname__)


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("afterword_")}


@contextmanager
def no_room_for_threads() -> Iterator[None]:
    """The kernel gives this process no more memory than it has, and each thread needs some for its stack."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    # Larger than what the C library keeps of the stacks of threads that have ended.
    before = threading.stack_size(256 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (size + (32 << 20), limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        threading.stack_size(before)


async def test_a_function_gets_a_thread_and_its_answer_comes_back() -> None:
    with closing(Calling(2)) as calling:
        assert await calling.call(task(lambda *, a: (a, threading.current_thread().name)), (), {"a": 1}) == (1, "afterword_0")


async def test_no_more_at_a_time_than_there_are_threads_and_no_thread_that_is_not_needed() -> None:
    at_once = 0
    most = 0
    lock = threading.Lock()

    def count() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        threading.Event().wait(0.002)
        with lock:
            at_once -= 1

    before = threads()
    with closing(Calling(3)) as calling:
        for _ in range(5):
            await calling.call(task(count), (), {})
        assert len(threads() - before) == 1
        await asyncio.gather(*(calling.call(task(count), (), {}) for _ in range(20)))
        assert most == 3
        assert len(threads() - before) == 3


async def test_each_call_has_a_context_of_its_own() -> None:
    def mark(name: str) -> str:
        before = label.get()
        label.set(name)
        return before

    label.set("outside")
    with closing(Calling(1)) as calling:
        assert [await calling.call(task(mark), (name,), {}) for name in "ab"] == ["outside", "outside"]
    assert label.get() == "outside"


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3), KeyboardInterrupt()])
async def test_what_it_raises_comes_back(error: BaseException) -> None:
    def fail() -> None:
        raise error

    with closing(Calling(1)) as calling:
        with pytest.raises(type(error)):
            await calling.call(task(fail), (), {})
        assert await calling.call(task(lambda: "goes on"), (), {}) == "goes on"


async def test_where_no_thread_can_be_started_nothing_is_called_and_the_next_call_tries_again() -> None:
    let_go = threading.Event()
    with closing(Calling(2)) as calling:
        for _ in range(2):  # Where there is no thread yet, and where there is one.
            with no_room_for_threads(), pytest.raises(NotCalled, match="may start no more threads: can't start new thread"):
                await calling.call(task(let_go.set), (), {})
            first = asyncio.ensure_future(calling.call(task(let_go.wait), (), {}))
            await asyncio.sleep(0)
        assert not let_go.is_set()
        let_go.set()
        async with asyncio.timeout(PATIENCE):
            await first


async def test_a_thread_whose_call_was_cancelled_is_not_counted_upon_until_it_is_free() -> None:
    let_go = threading.Event()
    with closing(Calling(2)) as calling:
        first = asyncio.ensure_future(calling.call(task(let_go.wait), (), {}))
        await asyncio.sleep(0)
        first.cancel()
        async with asyncio.timeout(PATIENCE):
            assert await calling.call(task(lambda: "another thread"), (), {}) == "another thread"
        let_go.set()


def test_threads_end_when_it_is_closed_also_those_whose_loop_has_gone() -> None:
    before = threads()
    let_go = threading.Event()

    async def leave_one_behind() -> None:
        with closing(Calling(2)) as calling:
            await calling.call(task(lambda: None), (), {})
            left = asyncio.ensure_future(calling.call(task(let_go.wait), (), {}))
            await asyncio.sleep(0)
            left.cancel()

    asyncio.run(leave_one_behind())
    let_go.set()
    wait_until(lambda: threads() <= before, "the end of the threads")
