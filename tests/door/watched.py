"""A store whose calls are noted in order, and which can be told to fail or to hesitate."""

import threading
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from afterword.errors import StoreError
from afterword.jobs.job import Job
from afterword.stores.pending import Pending, failed, resolve
from afterword.stores.store import Added, Query, Store


class Watched:
    """Everything reaches the `store` within; `notes` gets a line for each call that changes what rests there."""

    def __init__(self, store: Store, notes: list[str]) -> None:
        self._store = store
        self._notes = notes
        self._failures: dict[str, list[StoreError]] = defaultdict(list)
        self._hesitation: threading.Event | None = None
        self.openings_too = False
        """Whether `open` and `close` are noted as well."""
        self.adds: list[Sequence[Job]] = []
        """What was handed in, call by call, whatever came of it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def fail(self, verb: str, *errors: StoreError) -> None:
        """The next calls of this verb fail so, and change nothing."""
        self._failures[verb].extend(errors)

    def hesitate(self) -> threading.Event:
        """From now on an `add` is written and answered only once this is set."""
        self._hesitation = threading.Event()
        return self._hesitation

    def open(self) -> None:
        if self._failures["open"]:
            raise self._failures["open"].pop(0)
        if self.openings_too:
            self._notes.append("open")
        self._store.open()

    def close(self) -> None:
        if self.openings_too:
            self._notes.append("close")
        self._store.close()

    def add(self, jobs: Sequence[Job]) -> Pending[Sequence[Added]]:
        self.adds.append(jobs)
        refusal = self._refusal("add")
        if refusal:
            return refusal
        self._notes.append(f"add {len(jobs)}")
        if self._hesitation is None:
            return self._store.add(jobs)
        return self._later(jobs, self._hesitation)

    def release(self, keys: Sequence[int]) -> Pending[None]:
        return self._refusal("release") or self._noted(f"release {len(keys)}", self._store.release(keys))

    def discard(self, keys: Sequence[int]) -> Pending[None]:
        return self._refusal("discard") or self._noted(f"discard {len(keys)}", self._store.discard(keys))

    def jobs(self) -> list[Job]:
        """All that rests there, oldest first."""
        self._store.open()
        return sorted(self._store.find(Query(limit=10_000)).result(10), key=lambda job: job.id)

    def _refusal(self, verb: str) -> Pending[Any] | None:
        errors = self._failures[verb]
        return self._noted(f"{verb} fails", failed(errors.pop(0))) if errors else None

    def _noted(self, line: str, answer: Pending[Any]) -> Pending[Any]:
        self._notes.append(line)
        return answer

    def _later(self, jobs: Sequence[Job], go: threading.Event) -> Pending[Sequence[Added]]:
        promised: Pending[Sequence[Added]] = Pending()

        def answer() -> None:
            go.wait(10)
            resolve([(promised, self._store.add(jobs).result(10), None)])

        threading.Thread(target=answer, daemon=True).start()
        return promised
