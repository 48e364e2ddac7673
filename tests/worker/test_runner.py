"""A runner that is handed more than it makes at a time: a real process."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from afterword.jobs.job import Job
from afterword.jobs.outcome import Interrupted, Outcome, Succeeded
from afterword.jobs.retry import Retry
from afterword.launch import Launch
from afterword.worker.pace import AHEAD, WINDOW
from afterword.worker.runner import PROMPT, Death, Runner
from tests.support.processes import PATIENCE, wait_until

pytestmark = pytest.mark.process

MAIN = """
import asyncio, os
from pathlib import Path

async def wait(name: str) -> None:
    Path(f"{name}.begun").touch()
    while not Path(f"{name}.may").exists():
        await asyncio.sleep(0.01)

async def leave(name: str) -> None:
    os._exit(7)
"""


class Listener:
    """The audience of one runner."""

    def __init__(self) -> None:
        self.is_ready = asyncio.Event()
        self.heard = asyncio.Event()
        self.outcomes: list[tuple[str, Outcome]] = []
        self.death: asyncio.Future[Death] = asyncio.get_running_loop().create_future()

    def ready(self, runner: Runner) -> None:
        self.is_ready.set()

    def ended(self, runner: Runner, outcomes: Sequence[tuple[Job, Outcome]]) -> None:
        self.outcomes += [(job.id, outcome) for job, outcome in outcomes]
        self.heard.set()

    def died(self, runner: Runner, death: Death) -> None:
        self.death.set_result(death)

    async def hear(self, count: int) -> Sequence[tuple[str, Outcome]]:
        """So many outcomes, in the order in which they came."""
        async with asyncio.timeout(PATIENCE):
            while len(self.outcomes) < count:
                self.heard.clear()
                await self.heard.wait()
        return self.outcomes


class Steady:
    """A clock that stands still until it is set."""

    now = 0

    def __call__(self) -> int:
        return self.now


def job(name: str, task: str = "wait", *, timeout: int | None = None) -> Job:
    arguments = f'{{"name":"{name}"}}'.encode()
    return Job(id=name, app="main", task=f"main:{task}", arguments=arguments, added_at=0, retry=Retry(), timeout=timeout)


@pytest.fixture
async def listener() -> Listener:
    return Listener()


@pytest.fixture
def concurrency() -> int:
    return 2


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
async def runner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: Listener, steady: Steady, concurrency: int
) -> AsyncIterator[Runner]:
    """It makes so many attempts at a time."""
    (tmp_path / "main.py").write_text(MAIN)
    monkeypatch.chdir(tmp_path)
    launch = Launch(store="memory", app="main", path=(str(tmp_path), *sys.path), concurrency=concurrency)
    it = Runner(launch, None, listener, steady)
    async with asyncio.timeout(PATIENCE):
        await listener.is_ready.wait()
    yield it
    it.kill()
    await it.gone()


def begun() -> set[str]:
    return {path.stem for path in Path().glob("*.begun")}


def allow(*names: str) -> None:
    for name in names:
        Path(f"{name}.may").touch()


async def until(condition: Callable[[], bool], what: str) -> None:
    await asyncio.to_thread(wait_until, condition, what)


async def test_it_begins_as_many_as_it_may_and_the_next_when_one_has_ended(runner: Runner, listener: Listener) -> None:
    runner.hand([job(name) for name in "abcd"], 0)
    await until(lambda: begun() == {"a", "b"}, "the first two to begin")
    allow("b")
    await until(lambda: begun() == {"a", "b", "c"}, "the third to begin")
    allow("c", "a", "d")
    assert {name for name, _ in await listener.hear(4)} == set("abcd")
    assert all(outcome == Succeeded(b"null") for _, outcome in listener.outcomes)
    assert runner.seat.load == 0


async def test_what_it_does_not_come_to_it_gives_back_and_goes_on(runner: Runner, listener: Listener) -> None:
    runner.hand([job(name) for name in "abcd"], 0)
    await until(lambda: begun() == {"a", "b"}, "the first two to begin")

    assert not runner.look(PROMPT)
    assert runner.seat.load == 4
    assert not runner.look(PROMPT + 1)

    assert [name for name, _ in await listener.hear(2)] == ["c", "d"]
    assert all(isinstance(outcome, Interrupted) and not outcome.started for _, outcome in listener.outcomes)
    assert runner.seat.ready
    assert runner.seat.ahead == 0
    runner.hand([job("e")], PROMPT + 1)
    allow("a", "b", "e")
    assert {name for name, _ in await listener.hear(5)} == set("abcde")


async def test_when_the_time_of_one_is_up_nothing_more_begins_there(runner: Runner, listener: Listener) -> None:
    runner.hand([job("a"), job("b", timeout=3_600_000_000), job("c"), job("d")], 0)
    await until(lambda: begun() == {"a", "b"}, "the first two to begin")
    assert not runner.enforce(1)

    assert runner.enforce(2 * 3_600_000_000)

    assert [name for name, _ in await listener.hear(2)] == ["c", "d"]
    assert not runner.seat.ready


@pytest.mark.parametrize("concurrency", [1])
async def test_one_whose_time_is_up_does_not_wait_for_what_has_not_begun(runner: Runner, listener: Listener) -> None:
    runner.hand([job("a", timeout=3_600_000_000), job("b")], 0)
    await until(lambda: begun() == {"a"}, "the first to begin")
    assert not runner.enforce(1)

    runner.enforce(2 * 3_600_000_000)

    async with asyncio.timeout(PATIENCE):
        death = await listener.death
    assert [one.id for one in death.late] == ["a"]
    assert [one.id for one in death.unstarted] + [name for name, _ in listener.outcomes] == ["b"]


@pytest.mark.parametrize("concurrency", [1])
async def test_an_outcome_is_on_its_way_before_the_next_begins(runner: Runner, listener: Listener) -> None:
    allow("a")
    runner.hand([job("a"), job("b", "leave"), job("c")], 0)

    async with asyncio.timeout(PATIENCE):
        death = await listener.death

    assert listener.outcomes == [("a", Succeeded(b"null"))]
    assert [one.id for one in death.started] == ["b"]
    assert [one.id for one in death.unstarted] == ["c"]


async def test_as_many_as_end_quickly_are_handed_over_ahead(runner: Runner, listener: Listener, steady: Steady) -> None:
    names = [f"{number}" for number in range(20)]
    allow(*names)
    assert runner.seat.ahead == 0
    runner.hand([job(name) for name in names], 0)
    await listener.hear(20)
    steady.now += WINDOW
    assert runner.seat.ahead == 20 * AHEAD // WINDOW
    steady.now += 2 * WINDOW
    assert runner.seat.ahead == 0
