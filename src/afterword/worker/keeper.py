"""Sees to it that an application has a worker: starts one where none lives, again when it dies, and takes it along."""

import asyncio
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from afterword.errors import StoreError
from afterword.events import StartFailed, StoreFailed, Tell, WorkerLost
from afterword.launch import Launch, command
from afterword.stores.store import Store
from afterword.worker import exits
from afterword.worker.election import Election
from afterword.worker.rests import Rests

PERIOD = 0.25
"""Seconds between two looks whether this process's turn has come, or another worker has gone."""

SETTLED = 1.0
"""Seconds after which a worker counts as well started, about twice what a start takes: should it die then, the next one is
started at once."""

SHORTEST_REST = 0.1
LONGEST_REST = 30.0
"""Seconds to wait, at least and at most, before a worker that keeps dying is started again."""

STILL = 20
"""Looks in a row at which a worker of ours was stopped, after which it is ended: 5 s, less than others wait for the gate of a
store. Looks are counted, not seconds: they stop when this process is stopped too, or the whole machine sleeps."""

PATIENCE = 5.0
"""Seconds that an application which stops waits for its worker; the worker drains on by itself if that takes longer."""


STOPPED = f"it was stopped by a signal for {STILL * PERIOD:g} s, and ended for that"

_lifelines: set[int] = set()
"""Our ends of the lifelines. A forked child closes its copies: it may outlive us, and keep the worker from seeing our end."""


class Keeper:
    """Of all processes of one application, the one that wins the election keeps the worker; the others wait for their turn.

    The worker holds the reading end of a pipe that is never written. However this process ends, the kernel closes the other
    end, and the worker drains and leaves.
    """

    def __init__(self, store: Store, launch: Launch, election: Election, tell: Tell) -> None:
        self._store = store
        self._launch = launch
        self._election = election
        self._tell = tell
        self._keeping: asyncio.Task[None] | None = None
        self._worker: subprocess.Popen[bytes] | None = None
        self._lifeline: int | None = None
        self._rests = Rests(SHORTEST_REST, LONGEST_REST)

    def start(self) -> None:
        self._keeping = asyncio.ensure_future(self._keep())

    async def stop(self, patience: float) -> None:
        """Let the worker go, and wait up to `patience` seconds for its end. It drains by itself if that takes longer."""
        if self._keeping:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        self._let_go()
        self._election.leave()
        if self._worker:
            try:
                async with asyncio.timeout(patience):
                    await exits.gone(self._worker)
            except TimeoutError:
                return

    async def _keep(self) -> None:
        while True:
            try:
                if not self._election.win() or await self._somebody_works():
                    await asyncio.sleep(PERIOD)
                else:
                    await self._live_with_one()
            except OSError as error:  # No memory, no process or no descriptor to be had, for the moment.
                self._let_go()
                rest = self._rests.longer()
                self._tell(StartFailed("worker", error, rest))
                await asyncio.sleep(rest)

    async def _live_with_one(self) -> None:
        """Start a worker, see it end, and wait as long as seems good before there is another."""
        began = asyncio.get_running_loop().time()
        self._worker, self._lifeline = _spawn(self._launch)
        stood = await self._watch(self._worker)
        self._let_go()
        if asyncio.get_running_loop().time() - began >= SETTLED:
            self._rests.over()
        rest = self._rests.longer()
        cause = STOPPED if stood else exits.cause(self._worker.returncode)
        self._tell(WorkerLost(self._worker.pid, cause, rest))
        await asyncio.sleep(rest)

    async def _watch(self, worker: subprocess.Popen[bytes]) -> bool:
        """Until it is gone. Answers whether it was ended since it stood still: stopped, it keeps its jobs for as long as that
        lasts, and if it was just writing, it keeps everybody from the store."""
        ended = asyncio.ensure_future(exits.gone(worker))
        still = 0
        try:
            while not (await asyncio.wait([ended], timeout=PERIOD))[0]:
                still = still + 1 if exits.stopped(worker) else 0
                if still == STILL:
                    worker.kill()
        finally:
            ended.cancel()
        return still >= STILL

    async def _somebody_works(self) -> bool:
        try:
            return any(worker.app == self._launch.app for worker in await self._store.workers())
        except StoreError as error:
            self._tell(StoreFailed("workers", error))
            return True  # A worker could do no more than we can. Ask again.

    def _let_go(self) -> None:
        if self._lifeline is not None and self._lifeline in _lifelines:
            _lifelines.discard(self._lifeline)
            os.close(self._lifeline)
        self._lifeline = None


def patience(command_line: Sequence[str]) -> float:
    """Seconds to wait for the worker's end: none under a reloader, where the next application is to start at once.

    A reloader's child has the `sys.argv` of its parent.
    """
    program, *arguments = command_line
    under_fastapi_dev = Path(program).stem in ("fastapi", "__main__") and arguments[:1] == ["dev"]
    return 0.0 if under_fastapi_dev or "--reload" in arguments else PATIENCE


def _spawn(launch: Launch) -> tuple[subprocess.Popen[bytes], int]:
    """The worker, in a session of its own so that Ctrl-C reaches the application alone, and our end of its lifeline."""
    theirs, ours = os.pipe()
    try:
        told = launch._replace(lifeline=theirs)
        worker = subprocess.Popen(
            command("afterword.embedded", told), stdin=subprocess.DEVNULL, pass_fds=(theirs,), start_new_session=True
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    _lifelines.add(ours)
    return worker, ours


def _cut_lifelines() -> None:
    for lifeline in _lifelines:
        os.close(lifeline)
    _lifelines.clear()


os.register_at_fork(after_in_child=_cut_lifelines)
