"""A runner's life: import the application, then answer orders until the channel ends."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
import traceback
from collections import deque
from collections.abc import Awaitable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from afterword.attempt import attempt
from afterword.channel import Channel
from afterword.clock import SystemClock
from afterword.discovery import Loaded, load
from afterword.errors import FrameError
from afterword.frames import Asked, Attempted, Broken, Ended, Frame, Look, Order, Ready, Recall, Run, Seen, encode
from afterword.handoff.desk import Desk
from afterword.handoff.known import Known, named
from afterword.jobs.outcome import Interrupted
from afterword.launch import Post, RunnerLaunch, hear
from afterword.loops import new_event_loop
from afterword.runner.calling import Calling
from afterword.runner.orphans import die_with, hold
from afterword.starts import Starts
from afterword.tasks.registry import Registry
from afterword.tasks.task import Task
from afterword.telemetry.outlet import write

NOT_BEGUN = Interrupted("its worker called it back", started=False)

NICENESS = 5
"""Runners give way to the application's own process."""


def main(told: str) -> None:
    launch = RunnerLaunch.load(told)
    pipe = begin(launch)
    give_way()
    sys.path[:] = launch.path
    try:
        loaded = load(launch.app)
        registry = Registry(loaded.root)
    except BaseException:
        pipe.sendall(encode(Broken(traceback.format_exc())))
        sys.exit(1)
    go_on(loaded, registry, pipe)


def begin(launch: RunnerLaunch) -> socket.socket:
    """What comes before user code. Returns the pipe to the worker."""
    die_with(launch.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the worker's business.
    os.set_inheritable(launch.channel, False)  # What the application starts must not keep it open.
    return socket.socket(fileno=launch.channel)


def go_on(loaded: Loaded, registry: Registry, pipe: socket.socket) -> None:
    """Be a runner of an application that is imported, as soon as the worker has told its post."""
    # What the application is made of stays. The collector need not look at all of it again and again.
    gc.collect()
    gc.freeze()
    heard = hear(pipe)
    if heard is None:
        return  # The worker has ended before it began.
    text, (memory,) = heard
    post, starts = Post.load(text), Starts(memory)
    os.close(memory)
    if post.life:
        try:
            hold(post.life)
        except OSError as error:
            pipe.sendall(encode(Broken(f"it cannot open {post.life}: {error.strerror}")))
            sys.exit(1)
    desk = Desk(loaded.name, Known(cache(partial(named, loaded)), registry.bring), SystemClock())
    _serve(Runner(starts, post.concurrency, registry, desk), pipe)


def _serve(runner: "Runner", pipe: socket.socket) -> None:
    """Run the loop until the runner has no more to do.

    A task may end the loop for all (sys.exit in a coroutine it started, loop.stop, cancelling everything). Then this process
    ends at once, as after any crash: no attempt is to be cancelled first and blamed for it, no thread waited for.
    """
    with asyncio.Runner(loop_factory=new_event_loop) as loop:
        try:
            loop.run(runner.run(pipe))
        except BaseException:
            _last_words(traceback.format_exc())
            os._exit(1)


class Runner:
    """Everything happens on one loop, but for the functions that are not coroutines."""

    def __init__(self, starts: Starts, concurrency: int, registry: Registry, desk: Desk) -> None:
        self._registry = registry
        self._desk = desk
        self._looks: set[asyncio.Task[None]] = set()
        self._starts = starts
        self._concurrency = concurrency
        self._waiting: deque[Order] = deque()
        self._calling = Calling(concurrency)
        self._recalled = False
        self._attempts: set[asyncio.Task[None]] = set()
        self._outcomes: list[tuple[int, Attempted]] = []
        self._over = asyncio.Event()

    async def run(self, pipe: socket.socket) -> None:
        """Answer until the worker closes the pipe."""
        self._channel = Channel(pipe, self._received, self._ended)
        self._channel.send(Ready())
        await self._over.wait()

    def _received(self, frame: Frame) -> None:
        match frame:
            case Run(orders):
                self._waiting += orders
                self._begin()
            case Recall(for_good):
                self._recalled = self._recalled or for_good
                self._give_back()
            case Look(asked):
                look = asyncio.ensure_future(self._look(asked))
                self._looks.add(look)
                look.add_done_callback(self._looks.discard)
            case Ready() | Broken() | Ended() | Seen():
                raise FrameError(why="a worker does not send such frames")

    def _begin(self) -> None:
        while self._waiting and len(self._attempts) < self._concurrency:
            attempt = asyncio.get_running_loop().create_task(self._attempt(self._waiting.popleft()))
            self._attempts.add(attempt)
            attempt.add_done_callback(self._left)

    def _left(self, attempt: asyncio.Task[None]) -> None:
        self._attempts.discard(attempt)
        self._begin()

    def _give_back(self) -> None:
        while self._waiting:
            self._note(self._waiting.popleft(), NOT_BEGUN)

    async def _attempt(self, order: Order) -> None:
        if self._recalled:
            self._note(order, NOT_BEGUN)
            return
        # Before all of it: to find the task may import, and to decode its arguments may call, what the user wrote.
        self._starts.mark(order.slot)
        self._note(order, await (self._desk.submit(order) if order.via else self._make(order)))

    def _note(self, order: Order, outcome: Attempted) -> None:
        if not self._outcomes:
            # Whatever else ends before the loop comes round goes into the same frame. What begins then, in the places of those
            # that have ended, begins after that: it may end the runner, or block its loop.
            asyncio.get_running_loop().call_soon(self._answer)
        self._outcomes.append((order.slot, outcome))

    def _make(self, order: Order) -> Awaitable[Attempted]:
        return attempt(order, self._registry, partial(self._call, order.slot))

    async def _look(self, asked: Sequence[Asked]) -> None:
        self._channel.send(Seen(await self._desk.look(asked)))

    def _call(self, slot: int, task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Awaitable[Any]:
        if not task.is_async:
            self._starts.mark_thread(slot)
        return self._calling.call(task, args, kwargs)

    def _answer(self) -> None:
        outcomes, self._outcomes = self._outcomes, []
        self._channel.send(Ended(outcomes))

    def _ended(self, error: FrameError | None) -> None:
        if self._attempts:
            # The worker is gone, or talks garbage: what runs here is no longer ours to run.
            os._exit(1)
        self._over.set()


def _last_words(text: str) -> None:
    """Onto the standard error output, without waiting for long where nobody reads it."""
    speaking = threading.Thread(target=write, args=(2, text.encode("utf-8", "backslashreplace")), daemon=True)
    speaking.start()
    speaking.join(1.0)


def give_way() -> None:
    """To the application's own process."""
    os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")  # Rather a runner than the application.
