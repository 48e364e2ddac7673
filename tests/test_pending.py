"""An answer on its way: awaited on any loop, waited for in any thread."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from afterword.stores.pending import Pending, failed, finished, resolve


def answer(pending: Pending[Any], value: Any = None, error: BaseException | None = None) -> None:
    resolve([(pending, value, error)])


def waiting(pending: Pending[Any], how_many: int) -> Callable[[], bool]:
    return lambda: len(pending._waiters) >= how_many


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not happened():
            await asyncio.sleep(0)


def spin(happened: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(30_000):
        if happened():
            return
        pause.wait(0.001)
    raise AssertionError("waited in vain")


async def test_an_answer_that_is_there_is_taken_without_waiting() -> None:
    assert await finished(5) == 5
    assert finished(5).result(0) == 5
    assert finished(5).done


async def test_a_refusal_that_is_there_is_raised_without_waiting() -> None:
    with pytest.raises(ZeroDivisionError):
        await failed(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        failed(ZeroDivisionError()).result(0)
    assert failed(ZeroDivisionError()).done


async def test_an_answer_of_none_is_an_answer() -> None:
    pending: Pending[None] = Pending()
    assert not pending.done

    answer(pending)

    assert pending.done
    assert (await pending, pending.result(0)) == (None, None)


async def test_every_waiter_of_a_loop_gets_it() -> None:
    pending: Pending[int] = Pending()
    waiters = [asyncio.ensure_future(_wait(pending)) for _ in range(20)]
    await until(waiting(pending, 20))

    threading.Thread(target=answer, args=(pending, 7)).start()

    assert await asyncio.gather(*waiters) == [7] * 20


async def test_every_waiter_gets_the_error() -> None:
    pending: Pending[int] = Pending()
    waiters = [asyncio.ensure_future(_wait(pending)) for _ in range(3)]
    await until(waiting(pending, 3))

    answer(pending, error=OSError("disk"))

    assert [repr(error) for error in await asyncio.gather(*waiters, return_exceptions=True)] == ["OSError('disk')"] * 3


async def _wait(pending: Pending[int]) -> int:
    return await pending


def test_waiters_on_several_loops_and_in_several_threads() -> None:
    pending: Pending[str] = Pending()

    async def on_a_loop() -> str:
        return await pending

    with ThreadPoolExecutor(8) as threads:
        waiters = [threads.submit(asyncio.run, on_a_loop()) for _ in range(4)]
        waiters += [threads.submit(pending.result, 30) for _ in range(4)]
        spin(waiting(pending, 8))
        answer(pending, "here")

        assert [waiter.result(30) for waiter in waiters] == ["here"] * 8


async def test_a_waiter_that_is_cancelled_takes_nothing_from_the_others() -> None:
    pending: Pending[int] = Pending()
    gone, stays = (asyncio.ensure_future(_wait(pending)) for _ in range(2))
    await until(waiting(pending, 2))

    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert not pending.done
    answer(pending, 3)

    assert await stays == 3
    assert await pending == 3


async def test_a_waiter_that_is_cancelled_while_it_is_woken() -> None:
    pending: Pending[int] = Pending()
    waiter = asyncio.ensure_future(_wait(pending))
    await until(waiting(pending, 1))

    answer(pending, 3)
    waiter.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert await pending == 3


async def test_a_timeout_on_a_loop_leaves_the_work_alone() -> None:
    pending: Pending[int] = Pending()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(_wait(pending), 0.01)
    answer(pending, 3)

    assert await pending == 3


def test_a_timeout_in_a_thread_leaves_the_work_alone() -> None:
    pending: Pending[int] = Pending()

    with pytest.raises(TimeoutError):
        pending.result(0.01)
    with pytest.raises(TimeoutError):
        pending.result(0)
    answer(pending, 3)

    assert pending.result(0) == 3


def test_a_loop_that_was_closed_stops_nobody_else() -> None:
    pending: Pending[int] = Pending()
    loop = asyncio.new_event_loop()
    waiter = loop.create_task(_wait(pending))
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert pending._waiters
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(pending.result, 30)
        spin(waiting(pending, 2))
        waiter.cancel()
        loop.run_until_complete(asyncio.gather(waiter, return_exceptions=True))
        loop.close()

        answer(pending, 3)

        assert other.result(30) == 3


async def test_many_answers_wake_a_loop_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    pendings: list[Pending[int]] = [Pending() for _ in range(10)]
    waiters = [asyncio.ensure_future(_wait(pending)) for pending in pendings for _ in range(2)]
    await until(lambda: all(waiting(pending, 2)() for pending in pendings))
    calls: list[Any] = []
    call = loop.call_soon_threadsafe

    def counted(*args: Any) -> Any:
        calls.append(args)
        return call(*args)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)

    resolve([(pending, number, None) for number, pending in enumerate(pendings)])

    assert await asyncio.gather(*waiters) == [number for number in range(10) for _ in range(2)]
    assert len(calls) == 1


async def test_the_answers_of_a_group_are_each_their_own() -> None:
    good: Pending[int] = Pending()
    bad: Pending[int] = Pending()

    resolve([(good, 1, None), (bad, None, OSError("disk"))])

    assert await good == 1
    with pytest.raises(OSError, match="disk"):
        await bad


@pytest.mark.parametrize("waiters", [1, 4])
def test_no_wake_up_is_lost_in_a_race(waiters: int) -> None:
    """The answer comes while the waiter is on its way into the list: one of the two must see the other."""
    with ThreadPoolExecutor(waiters + 1) as threads:
        for round in range(300):
            pending: Pending[int] = Pending()
            start = threading.Barrier(waiters + 1)

            def ask(pending: Pending[int] = pending, start: threading.Barrier = start) -> int:
                start.wait()
                return pending.result(30)

            def give(pending: Pending[int] = pending, start: threading.Barrier = start, round: int = round) -> None:
                start.wait()
                answer(pending, round)

            asking = [threads.submit(ask) for _ in range(waiters)]
            threads.submit(give).result(30)

            assert [asked.result(30) for asked in asking] == [round] * waiters


async def test_no_wake_up_of_a_loop_is_lost_in_a_race() -> None:
    with ThreadPoolExecutor(1) as threads:
        for number in range(300):
            pending: Pending[int] = Pending()
            given = threads.submit(answer, pending, number)

            async with asyncio.timeout(30):
                assert await pending == number
            given.result()


async def test_an_error_does_not_grow_with_the_number_of_those_who_see_it() -> None:
    pending: Pending[int] = failed(OSError("disk"))

    def depth(error: BaseException) -> int:
        trace, levels = error.__traceback__, 0
        while trace:
            trace, levels = trace.tb_next, levels + 1
        return levels

    seen = []
    for _ in range(3):
        try:
            await pending
        except OSError as error:
            seen.append(depth(error))

    assert seen[2] == seen[0]
