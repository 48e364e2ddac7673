"""A runner as its worker sees it: a child process, a channel, a map of starts, and the jobs it has in hand."""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from afterword import starts
from afterword.channel import Channel
from afterword.errors import FrameError
from afterword.frames import Asked, Broken, Ended, Frame, Look, Ready, Recall, Run, Seen, Sighted, order
from afterword.jobs.job import Job
from afterword.jobs.outcome import Interrupted, Outcome
from afterword.launch import Launch, Post, say
from afterword.values import value
from afterword.worker import exits, pace
from afterword.worker.hand import Hand
from afterword.worker.pace import Pace
from afterword.worker.placing import Seat
from afterword.worker.recruit import Recruit, recruit

CLEANING = 5_000_000
"""Microseconds that a coroutine gets to end after it was cancelled, since its time was up."""

LAST_CALL = 15_000_000
"""Microseconds that the others of a runner get to end before it is killed for the sake of one whose time is up."""

STILL = 300
"""Looks in a row at which a runner was stopped, after which it is ended: half a minute, where it has work. It holds up only
what it has in hand, so whoever looks into a task that way is given time. Looks are counted, since this process may have been
stopped as well."""

PARTING = 0.2
"""Seconds within which a runner whose pipe has closed is gone, if it died; else it has closed it itself."""

PROMPT = 300_000
"""Microseconds within which a runner begins what it was handed, unless it is stuck, or all that it makes take long."""


class Audience(Protocol):
    """Who wants to know what a runner has to say."""

    def ready(self, runner: "Runner") -> None: ...

    def ended(self, runner: "Runner", outcomes: Sequence[tuple[Job, Outcome]]) -> None: ...

    def died(self, runner: "Runner", death: "Death") -> None: ...


@value
class Death:
    """What a runner left behind."""

    cause: str
    ours: bool
    """The worker killed it itself."""
    broken: str | None
    """It could not import the application: the traceback."""
    started: tuple[Job, ...]
    unstarted: tuple[Job, ...]
    late: tuple[Job, ...] = ()
    """Those that had begun, and for whose sake it was killed."""


class Runner:
    """One child process: `begun`, or a new one.

    Create it on the loop's thread, which must be the main thread: the child dies with that thread.
    """

    def __init__(
        self,
        launch: Launch,
        life: str | None,
        audience: Audience,
        steady: Callable[[], int],
        begun: Recruit | None = None,
    ) -> None:
        self.ready = False
        self.exclusive = False
        self._audience = audience
        self._steady = steady
        self._concurrency = launch.concurrency
        self._pace = Pace(steady)
        self._ended_at = 0
        self._called_back = False
        """Since the last attempt that ended."""
        self._late_since: int | None = None
        self._late: frozenset[int] = frozenset()
        self._stuck = False
        self._stood = 0
        self._questions: deque[asyncio.Future[Sequence[Sighted] | None]] = deque()
        self._broken: str | None = None
        self._ours = False
        self._dropped: str | None = None
        begun = begun or recruit(launch.app, launch.path)
        self._process = begun.process
        slots = launch.concurrency + pace.MOST
        self._hand = Hand(_post(begun, launch.concurrency, slots, life), slots)
        self._channel = Channel(begun.stream, self._received, self._closed)
        exits.watch(self._process, self._exited)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def seat(self) -> Seat:
        ready = self.ready and not self._stuck and self._late_since is None
        return Seat(load=len(self._hand), ready=ready, exclusive=self.exclusive, ahead=self._pace.ahead() if ready else 0)

    def look(self, now: int) -> bool:
        """Notice whether it is stuck: it was stopped by a signal, or a coroutine that does not give way keeps it from beginning
        what it was handed. Answers whether that has changed. `now` is a monotonic time in microseconds.

        What it was handed ahead it gives back when it does not come to it.
        """
        self._stood = self._stood + 1 if exits.stopped(self._process) else 0
        if self._stood == STILL:
            self._drop("was stopped by a signal, and ended for that")
        unbegun = self._hand.unbegun()
        waits = bool(unbegun) and now - max(unbegun[0], self._ended_at) > PROMPT
        busy = len(self._hand) - len(unbegun) >= self._concurrency
        if waits and busy:
            self._call_back()
        was, self._stuck = self._stuck, self._stood > 0 or (waits and not busy)
        return was != self._stuck

    def enforce(self, now: int) -> bool:
        """End the runner for the sake of an attempt whose time is up, as soon as nothing else runs there or LAST_CALL has
        passed. Answers whether it takes no more jobs since this call."""
        late = self._hand.late(now, CLEANING)
        was, self._late_since = self._late_since, (self._late_since or now) if late else None
        begins = was is None and self._late_since is not None
        if begins:
            self._call_back()  # What begins now may be cut.
        if self._late_since is not None:
            begun = len(self._hand) - len(self._hand.unbegun())
            if len(late) == begun or now - self._late_since >= LAST_CALL:
                self._late = late
                self.kill()
        return begins

    def hand(self, jobs: Sequence[Job], now: int) -> None:
        """Give it these jobs to run, now or as others end. It must have room for them."""
        self._channel.send(Run([order(job, self._hand.put(job, now)) for job in jobs]))

    def inquire(self, asked: Sequence[Asked]) -> "asyncio.Future[Sequence[Sighted] | None]":
        """Have it ask the engines what became of these; None when it ends before it has answered. One question at a time."""
        answer = asyncio.get_running_loop().create_future()
        self._questions.append(answer)
        self._channel.send(Look(asked))
        return answer

    def recall(self) -> None:
        """Have it answer what has not begun with Interrupted, and begin no more."""
        self._channel.send(Recall(for_good=True))

    def dismiss(self) -> None:
        """Ask it to end; it has nothing in hand."""
        self._ours = True
        self._channel.close()

    def kill(self) -> None:
        """End it at once. What it had begun is taken back uncounted."""
        self._ours = True
        self._process.kill()

    def _call_back(self) -> None:
        if not self._called_back:
            self._called_back = True
            self._channel.send(Recall(for_good=False))

    async def gone(self) -> None:
        await exits.gone(self._process)

    def _received(self, frame: Frame) -> None:
        match frame:
            case Ready():
                self.ready = True
                self._audience.ready(self)
            case Broken(error):
                self._broken = error
            case Ended(outcomes):
                jobs = self._hand.take([slot for slot, _ in outcomes])
                self._note(outcome for _, outcome in outcomes)
                self.exclusive = self.exclusive and len(self._hand) > 0
                self._audience.ended(self, [(job, outcome) for job, (_, outcome) in zip(jobs, outcomes, strict=True)])
            case Seen(sighted) if self._questions:
                self._reply(sighted)
            case Run() | Recall() | Look() | Seen():
                raise FrameError(why="a runner does not send such frames")

    def _note(self, outcomes: Iterable[Outcome]) -> None:
        """What was given back says nothing of how quickly others end here."""
        made = sum(not (type(outcome) is Interrupted and not outcome.started) for outcome in outcomes)
        if made:
            self._pace.note(made)
            self._ended_at = self._steady()
            self._called_back = False

    def _reply(self, sighted: Sequence[Sighted] | None) -> None:
        answer = self._questions.popleft()
        if not answer.done():
            answer.set_result(sighted)

    def _closed(self, error: FrameError | None) -> None:
        # The exit tells the rest. A runner that closed its pipe or sends garbage is of no use any more.
        if error is None:
            asyncio.get_running_loop().call_later(PARTING, self._drop, "closed the pipe to its worker")
        else:
            self._drop(f"sent garbage to its worker ({error})")

    def _drop(self, why: str) -> None:
        if self._process.poll() is None:
            self._dropped = why
            self._process.kill()

    def _exited(self) -> None:
        self._channel.drain()
        self._channel.close()
        while self._questions:
            self._reply(None)
        late, started, unstarted = self._hand.leave(self._late)
        cause = self._dropped or exits.cause(self._process.returncode)
        self._audience.died(self, Death(cause, self._ours, self._broken, started, unstarted, late))


def _post(recruit: Recruit, concurrency: int, slots: int, life: str | None) -> starts.Starts:
    memory = starts.create(slots)
    try:
        say(recruit.stream, Post(concurrency, life).dump(), [memory])
        return starts.Starts(memory)
    finally:
        os.close(memory)
