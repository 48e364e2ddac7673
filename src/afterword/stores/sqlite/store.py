"""The store in a SQLite file. Every verb is handed to one of two threads; how it is done stands in the file named after it."""

import functools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from afterword.clock import Clock, SystemClock
from afterword.events import Tell, nobody
from afterword.jobs.job import Job, State
from afterword.jobs.lifecycle import Settlement
from afterword.stores.pending import Pending, finished
from afterword.stores.sqlite import filesystem, forks, reading
from afterword.stores.sqlite.adding import ADD, DISCARD, RELEASE
from afterword.stores.sqlite.changing import CHANGE
from afterword.stores.sqlite.claiming import CLAIM, CLAIM_AT_ONCE, RENEW
from afterword.stores.sqlite.keeping import BEAT, FORGET, LEAVE, Oldest
from afterword.stores.sqlite.quarantine import QUARANTINE, Odd
from afterword.stores.sqlite.rescuing import RESCUE
from afterword.stores.sqlite.session import Session
from afterword.stores.sqlite.settling import SETTLE
from afterword.stores.sqlite.writer import TIDY
from afterword.stores.store import Added, Change, Claims, Hold, Query, Verdict, Want, WorkerSeen

_VERBS = (QUARANTINE, ADD, RELEASE, DISCARD, SETTLE, CHANGE, RENEW, RESCUE, FORGET, BEAT, LEAVE, CLAIM, CLAIM_AT_ONCE)
"""In the order in which a group does them: what makes jobs ready comes before what claims them."""

_SYSTEM_CLOCK = SystemClock()

T = TypeVar("T")


class SqliteStore:
    """A Store. Its files beside the database lie in `<database>.run/`.

    It may be used from several threads and event loops. After a fork, the child's is another process and opens the file anew.
    """

    process: str
    life: str | None

    def __init__(
        self,
        path: Path | str,
        *,
        clock: Clock = _SYSTEM_CLOCK,
        tell: Tell = nobody,
        max_queued: int = 1_000_000,
        file_system: Callable[[Path], str | None] = filesystem.type_of,
    ) -> None:
        self._steady = clock.steady
        self._new_session = functools.partial(
            Session,
            Path(path).absolute(),
            verbs=_VERBS,
            clock=clock,
            tell=tell,
            max_queued=max_queued,
            file_system=file_system,
        )
        self._lock = threading.Lock()
        self._begin()
        forks.remember(self)

    def open(self) -> None:
        with self._lock:
            if self._session.closed:
                self._begin()
        self._session.open().result()

    def close(self) -> None:
        if self._beating:
            self._session.write(LEAVE, None)
        self._session.close()

    def add(self, jobs: Sequence[Job]) -> Pending[Sequence[Added]]:
        return self._session.write(ADD, jobs) if jobs else finished([])

    def release(self, keys: Sequence[int]) -> Pending[None]:
        return self._session.write(RELEASE, keys)

    def discard(self, keys: Sequence[int]) -> Pending[None]:
        return self._session.write(DISCARD, keys)

    def claim(self, want: Want) -> Pending[Claims]:
        return self._session.write(CLAIM_AT_ONCE if self._session.hinted() else CLAIM, want)

    def settle(self, settlements: Sequence[Settlement]) -> Pending[Sequence[Verdict]]:
        return self._session.write(SETTLE, settlements)

    def renew(self, leases: Sequence[tuple[int, int]]) -> Pending[Sequence[Hold]]:
        return self._session.write(RENEW, leases)

    def rescue(self) -> Pending[Sequence[Job]]:
        version = self._session.version()
        return finished([]) if self._session.calm_at(version) else self._session.write(RESCUE, version)

    def change(self, change: Change, ids: Sequence[str]) -> Pending[Sequence[Job | None]]:
        return self._session.write(CHANGE, (change, ids))

    def get(self, id: str) -> Pending[Job | None]:
        return self._read(lambda connection, meet: reading.get(connection, id, meet))

    def find(self, query: Query) -> Pending[Sequence[Job]]:
        return self._read(lambda connection, meet: reading.find(connection, query, meet))

    def count(self) -> Pending[dict[State, int]]:
        return self._session.read(reading.count)

    def forget(self, before: int, limit: int) -> Pending[int]:
        return self._session.write(FORGET, Oldest(before, limit))

    def beat(self, app: str) -> Pending[None]:
        if self._left:
            return finished(None)
        self._beating = True
        self._session.beat(self._steady())
        return self._session.write(BEAT, app)

    def leave(self) -> Pending[None]:
        self._left = True
        return self._session.write(LEAVE, None)

    def workers(self) -> Pending[Sequence[WorkerSeen]]:
        directory, steady = self._session.directory, self._steady()
        return self._session.read(lambda connection: reading.workers(connection, directory, steady))

    def tidy(self) -> Pending[None]:
        return self._session.write(TIDY, None) if self._session.untidy else finished(None)

    def wake(self) -> None:
        self._session.ring()

    async def wait(self, seconds: float) -> bool:
        return await self._session.wait(seconds)

    def about_to_fork(self) -> None:
        """The session closes its connections by itself."""

    def forked(self) -> None:
        """Be a process of its own. The session lets go of the parent's by itself."""
        self._lock = threading.Lock()
        self._begin()

    def _read(self, ask: Callable[[Connection, reading.Meet], T]) -> Pending[T]:
        """What is met and is no job is put out of the way, after the answer."""
        session = self._session

        def answer(connection: Connection) -> T:
            met: list[Odd] = []
            answer = ask(connection, met.append)
            if met:
                session.write(QUARANTINE, met)
            return answer

        return session.read(answer)

    def _begin(self) -> None:
        self._session = self._new_session()
        self._beating = self._left = False
        self.process = self._session.process
        self.life = str(self._session.life)
