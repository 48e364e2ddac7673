"""What happened, as frozen facts, and who is told. Those who tell do not know who listens.

A part that has something to tell is handed one function, `tell`. Whoever wires the parts gives it `Listeners.tell`.
"""

from collections.abc import Callable, Sequence

from afterword.jobs.job import Job
from afterword.jobs.outcome import Outcome
from afterword.values import value


@value
class Written:
    """These jobs are about to be committed, and not yet on disk. Some of them may turn out to be there already."""

    ids: tuple[str, ...]


@value
class Added:
    """These jobs are on disk."""

    ids: tuple[str, ...]


@value
class Released:
    """The request of these jobs (by key) has ended, and that is on disk."""

    keys: tuple[int, ...]


@value
class Claimed:
    """A worker has taken these jobs, and that is on disk."""

    jobs: tuple[Job, ...]


@value
class Handed:
    """These jobs were given to the runner `runner`."""

    ids: tuple[str, ...]
    runner: int


@value
class Ended:
    """An attempt's outcome arrived at the worker; it is not yet on disk."""

    job: Job
    outcome: Outcome


@value
class Settled:
    """An attempt's outcome is on disk (`verdict` applied) or was refused (stale, gone)."""

    job: Job
    outcome: Outcome
    verdict: str


@value
class Rescued:
    """This job's process died: it was made ready for another (or failed, by its limits)."""

    job: Job


@value
class Quarantined:
    """The row `key` of `table` is no job: it was put out of the way, with all that it held."""

    table: str
    key: int
    reason: str


@value
class RunnerStarted:
    pid: int


@value
class RunnerDied:
    pid: int
    cause: str
    suspects: tuple[str, ...]


@value
class RunnerBroken:
    """A runner could not begin, nearly always since it could not import the application; it is tried again after `seconds`."""

    pid: int
    error: str
    seconds: float


@value
class WorkerStarted:
    pid: int
    app: str
    store: str


@value
class WorkerDraining:
    reason: str


@value
class WorkerStopped:
    pid: int


@value
class WorkerLost:
    """The worker that an API process had started ended by itself; it is started again after `seconds`."""

    pid: int
    cause: str
    seconds: float


@value
class Unserved:
    """Jobs of these applications wait, and no worker serves them; the one that noticed serves `app`."""

    app: str
    others: tuple[str, ...]


@value
class Unkept:
    """A request has added jobs of `app`, whose lifespan never ran, so that it keeps no worker; and none of its own lives."""

    app: str


@value
class StartFailed:
    """The system would not let a worker or a runner start; it is tried again after `seconds`."""

    what: str
    error: OSError
    seconds: float


@value
class StoreFailed:
    """A store call failed and will be tried again."""

    doing: str
    error: BaseException


@value
class LogGrows:
    """Somebody reads in one transaction for so long that the store's write-ahead log has grown to `size` bytes. Told again when
    it has doubled."""

    store: str
    size: int


Event = (
    Written
    | Added
    | Released
    | Claimed
    | Handed
    | Ended
    | Settled
    | Rescued
    | Quarantined
    | RunnerStarted
    | RunnerDied
    | RunnerBroken
    | WorkerStarted
    | WorkerDraining
    | WorkerStopped
    | WorkerLost
    | Unserved
    | Unkept
    | StartFailed
    | StoreFailed
    | LogGrows
)

Tell = Callable[[Event], None]


def nobody(event: Event) -> None:
    """The `tell` of a part to which nobody listens."""


class Listeners:
    """Those who want to be told, in the order in which they came."""

    def __init__(self, listeners: Sequence[Tell] = ()) -> None:
        self._listeners = list(listeners)

    def listen(self, listener: Tell) -> Tell:
        """Also usable as a decorator."""
        self._listeners.append(listener)
        return listener

    def tell(self, event: Event) -> None:
        for listener in self._listeners:
            listener(event)
