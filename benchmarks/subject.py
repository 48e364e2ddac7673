"""What the harness needs to know of a subject. Standard library only."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

Server = Literal["redis", "postgres"]


class Subject(NamedTuple):
    """One way to run background tasks, in its best documented configuration for two cores.

    Its folder `benchmarks/subjects/<name>/` holds `__init__.py` with `SUBJECT`, and, to be run in its environment with
    the repository's root on the path and `BENCH_FOLDER` set:

    - `app.py`: a FastAPI `app` with `GET /ping` and `POST /add/{task}/{number}?seconds=0`, which adds one job
      as the subject's documentation says, without blocking the event loop where it has an asynchronous interface,
      and answers {"ns": ...}: `time.monotonic_ns()` just before adding.
    - `fill.py`: `python -m benchmarks.subjects.<name>.fill TASK COUNT [SECONDS]` adds jobs 0 to COUNT - 1 by the fastest
      documented way and prints, as one line of JSON, {"seconds": ...}: how long adding took, connecting left out.
    - `tasks.py`, where its tasks need a module: `noop`, `stamp`, `rest`, `burn`, each calling `benchmarks.work`.

    All is run in BENCH_FOLDER as working directory. In commands and settings $BENCH_FOLDER, $BENCH_REDIS and $BENCH_POSTGRES
    are replaced by their values.
    """

    name: str
    """The folder's name."""
    title: str
    """As it stands in the tables: "Celery 5.5 on Redis"."""
    requirements: Sequence[str] = ()
    """Pinned, for pip; FastAPI and uvicorn come by themselves, in the versions that afterword is measured with."""
    needs: frozenset[Server] = frozenset()
    """Servers; their addresses are in BENCH_REDIS (redis://127.0.0.1:PORT/0) and BENCH_POSTGRES (postgresql://...)."""
    prepare: Sequence[Sequence[str]] = ()
    """Commands to be run once before use (to make tables, say)."""
    workers: Sequence[Sequence[str]] = ()
    """Commands that together are its workers for two cores; the harness runs them until it ends them. "python" at the
    beginning is the environment's own, any other program is looked for in its bin folder."""
    one_process: bool = False
    """It runs its tasks in the API process: it has no workers, and cannot be filled or drained."""
    stores_itself: bool = False
    """Its API starts its own worker, unless AFTERWORD_WORKER=off is in the environment."""
    settings: Mapping[str, str] = {}
    """More environment variables."""
    environment: str | None = None
    """Another subject whose environment it shares; its requirements are those."""
    durable: str = ""
    """What a confirmed add survives, in a few words: "fsync", "Redis, fsync every second", "memory"."""
    notes: str = ""
    """What a reader must know of its configuration, in a sentence."""
