"""Store.wake and Store.wait"""

import asyncio
from collections.abc import Callable

from afterword.stores.store import Change, Store, Want
from afterword.testing.contract.bench import APP, PATIENCE, Bench, Kill, add, held, job, now

LONG = 30.0
"""Seconds that no test should take."""


async def settled(store: Store) -> None:
    """Nothing is left of what happened before."""
    while await store.wait(0.0):
        pass


async def woken(store: Store, by: Callable[[], object]) -> bool:
    """Whether a wait that has begun ends when `by` happens."""
    await settled(store)
    waiting = asyncio.create_task(store.wait(LONG))
    await asyncio.sleep(0.02)  # Longer than it takes to begin; a wait that has not begun would end all the same.
    assert not waiting.done()
    await asyncio.to_thread(by)
    async with asyncio.timeout(LONG):
        return await waiting


class Waking(Bench):
    def test_the_first_wait_ends_at_once(self, worker: Store) -> None:
        assert asyncio.run(worker.wait(LONG))

    def test_without_news_it_lasts_as_long_as_it_may(self, worker: Store) -> None:
        async def wait() -> bool:
            await settled(worker)
            return await worker.wait(0.05)

        assert not asyncio.run(wait())

    def test_a_hint_ends_it(self, store: Store, worker: Store) -> None:
        assert asyncio.run(woken(worker, store.wake))

    def test_a_hint_from_before_ends_it_too(self, store: Store, worker: Store) -> None:
        async def wait() -> bool:
            await settled(worker)
            store.wake()
            return await worker.wait(LONG)

        assert asyncio.run(wait())

    def test_a_commit_ends_it(self, store: Store, worker: Store) -> None:
        assert asyncio.run(woken(worker, lambda: add(store, held(store))))

    def test_a_release_ends_it(self, store: Store, worker: Store) -> None:
        (waiting,) = add(store, held(store))
        assert asyncio.run(woken(worker, lambda: store.release([waiting.key]).result(PATIENCE)))

    def test_a_change_ends_it(self, store: Store, worker: Store) -> None:
        (waiting,) = add(store, held(store))
        assert asyncio.run(woken(worker, lambda: store.change(Change.CANCEL, [waiting.id]).result(PATIENCE)))

    def test_a_claim_that_finds_nothing_does_not_end_it(self, store: Store, worker: Store) -> None:
        async def wait() -> bool:
            await settled(worker)
            for idle in (store, worker):
                assert not (await idle.claim(Want(APP, 10))).jobs
                assert not await idle.rescue()
                assert not await idle.renew([])
                assert await idle.forget(1, 10) == 0
                await idle.tidy()
            return await worker.wait(0.25)

        assert not asyncio.run(wait())

    def test_it_can_be_cancelled_and_begun_again(self, store: Store, worker: Store) -> None:
        async def wait() -> bool:
            await settled(worker)
            waiting = asyncio.create_task(worker.wait(LONG))
            await asyncio.sleep(0.02)  # Longer than it takes to begin; one that has not begun can be cancelled all the same.
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            return await woken(worker, store.wake)

        assert asyncio.run(wait())

    def test_waking_never_fails(self, store: Store, worker: Store, kill: Kill) -> None:
        asyncio.run(worker.wait(0.0))
        kill(worker)
        store.wake()
        for _ in range(1000):
            store.wake()
        store.close()
        store.wake()

    def test_an_answer_is_waited_for_on_a_loop_or_in_a_thread(self, store: Store) -> None:
        async def both() -> None:
            pending = store.add([job()])
            in_thread = asyncio.to_thread(pending.result, PATIENCE)
            assert await pending == await in_thread

        asyncio.run(both())

    def test_a_caller_that_goes_away_changes_nothing(self, store: Store) -> None:
        given = [job() for _ in range(20)]

        async def leave() -> None:
            async def add_one(index: int) -> None:
                await store.add([given[index]])

            callers = [asyncio.create_task(add_one(index)) for index in range(len(given))]
            await asyncio.sleep(0)
            for caller in callers:
                caller.cancel()
            await asyncio.gather(*callers, return_exceptions=True)

        asyncio.run(leave())
        store.add([job()]).result(PATIENCE)
        assert all(now(store, one) for one in given)
