"""Between the loop and engines that block: what is handed off, put off, asked after."""

import threading
from collections.abc import Sequence

import pytest

from afterword.clock import SECOND
from afterword.frames import Asked, Order
from afterword.handoff.desk import PAUSE, Desk
from afterword.handoff.engine import EngineAway, Gone, Handed, Offer, Sighting, Underway
from afterword.jobs.outcome import Cancelled, Crashed, Failed, HandedOff, Interrupted, Snoozed, Succeeded
from afterword.testing import FalseClock


class Engine:
    """Takes what it is offered, and says what it was told to say."""

    kind = "celery"

    def __init__(self) -> None:
        self.offers: list[Offer] = []
        self.cancelled: list[str] = []
        self.sightings: dict[str, Sighting] = {}
        self.trouble: Exception | None = None
        self.threads: set[str] = set()
        self.looks: list[list[str]] = []

    def submit(self, offer: Offer) -> str:
        self.threads.add(threading.current_thread().name)
        if self.trouble:
            raise self.trouble
        self.offers.append(offer)
        return f"receipt of {offer.id}"

    def look(self, handed: Sequence[Handed]) -> Sequence[Sighting]:
        if self.trouble:
            raise self.trouble
        self.looks.append([one.id for one in handed])
        return [self.sightings.get(one.id, Underway(started=False)) for one in handed]

    def cancel(self, handed: Sequence[Handed]) -> None:
        self.cancelled += [one.id for one in handed]

    def close(self) -> None: ...


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def clock() -> FalseClock:
    return FalseClock()


@pytest.fixture
def desk(engine: Engine, clock: FalseClock) -> Desk:
    def engines(via: str, origin: str | None) -> Engine:
        if via != "celery":
            raise LookupError(f"{via!r} is no engine of this application, which has celery")
        return engine

    return Desk("main:app", engines, clock)


def order(id: str = "a", via: str = "celery", theirs: bool = False) -> Order:
    return Order(0, id, "main:send", 2, "main:send", 7, b"{}", 3, via, theirs)


def asked(id: str, via: str = "celery", unwanted: bool = False, origin: str | None = None) -> Asked:
    return Asked(id, 3, via, False, "receipt", 5, unwanted, origin)


async def test_an_order_becomes_an_offer_and_its_receipt_an_outcome(desk: Desk, engine: Engine) -> None:
    assert await desk.submit(order()) == HandedOff("receipt of a")
    assert engine.offers == [Offer("a", 3, 2, "main:app", "main:send", "main:send", 7, False, b"{}")]
    assert not any(name.startswith("Main") for name in engine.threads)


async def test_an_engine_that_is_away_puts_all_off_until_the_same_moment(desk: Desk, engine: Engine, clock: FalseClock) -> None:
    engine.trouble = EngineAway("connection refused")
    until = clock.now() + PAUSE
    assert await desk.submit(order("a")) == Snoozed(PAUSE, "celery is away: connection refused", until)
    engine.trouble = None
    clock.advance(0.5)
    # It is not even asked, so that none goes before those that came earlier.
    assert await desk.submit(order("b")) == Snoozed(PAUSE - SECOND // 2, "celery is away: connection refused", until)
    assert engine.offers == []
    clock.advance(PAUSE / SECOND)
    assert await desk.submit(order("a")) == HandedOff("receipt of a")


async def test_a_mistake_fails_for_good(desk: Desk, engine: Engine) -> None:
    engine.trouble = ValueError("no such queue")
    outcome = await desk.submit(order())
    assert isinstance(outcome, Failed)
    assert not outcome.retry
    assert outcome.error.endswith("ValueError: no such queue\n")


async def test_an_engine_that_nobody_names_is_waited_for(desk: Desk) -> None:
    assert await desk.submit(order(via="rq")) == Snoozed(
        PAUSE, "it waits for an engine: 'rq' is no engine of this application, which has celery"
    )


async def test_what_became_of_each_is_told_in_order(desk: Desk, engine: Engine) -> None:
    engine.sightings = {
        "a": Succeeded(b"1"),
        "b": Gone("the broker was restarted"),
        "c": Crashed("its Celery worker died", alone=True),
        "d": Cancelled("revoked"),
        "e": Underway(started=True, by="celery@host"),
    }
    assert await desk.look(
        [asked("e"), asked("a"), asked("x", via="rq"), asked("b"), asked("c"), asked("d", origin="main:d")]
    ) == [
        None,
        Succeeded(b"1"),
        None,
        Interrupted("the broker was restarted", started=False),
        Crashed("its Celery worker died", alone=True),
        Cancelled("revoked"),
    ]


async def test_what_a_person_does_not_want_is_cancelled_before_it_is_asked_after(desk: Desk, engine: Engine) -> None:
    await desk.look([asked("a"), asked("b", unwanted=True)])
    assert engine.cancelled == ["b"]


async def test_an_engine_that_is_away_has_nothing_to_tell(desk: Desk, engine: Engine) -> None:
    engine.trouble = EngineAway("connection refused")
    assert await desk.look([asked("a")]) == [None]


async def test_an_engine_is_asked_once_after_its_own_tasks_and_ours_together(desk: Desk, engine: Engine) -> None:
    """It looks closely only now and then, and that is for all of them."""
    await desk.look([asked("a"), asked("b", origin="main:b"), asked("c"), asked("d", origin="main:d")])
    assert engine.looks == [["a", "b", "c", "d"]]


async def test_an_engine_that_fails_at_looking_is_told_of_and_asked_again(
    desk: Desk, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.trouble = ValueError("no receipt of mine")
    assert await desk.look([asked("a"), asked("b")]) == [None, None]
    assert caplog.messages == ["what became of 2 jobs that celery has cannot be seen"]
    engine.trouble = None
    engine.sightings = {"a": Succeeded()}
    assert await desk.look([asked("a")]) == [Succeeded()]


async def test_an_engine_that_cannot_be_brought_along_keeps_no_other_from_being_asked(
    engine: Engine, clock: FalseClock, caplog: pytest.LogCaptureFixture
) -> None:
    def engines(via: str, origin: str | None) -> Engine:
        if origin == "broken:task":
            raise ImportError("no module named broken")
        return engine

    engine.sightings = {"a": Succeeded(), "b": Succeeded()}
    assert await Desk("main:app", engines, clock).look([asked("a"), asked("b", origin="broken:task")]) == [Succeeded(), None]
    assert caplog.messages == ["the engine of broken:task, which comes along with it, cannot be found"]
