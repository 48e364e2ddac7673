"""litequeue: a queue in a SQLite file, without workers of its own."""

from benchmarks.subject import Subject

_WORKER = ("python", "-m", "benchmarks.subjects.litequeue.worker")

SUBJECT = Subject(
    name="litequeue",
    title="litequeue 0.9 on SQLite",
    requirements=("litequeue==0.9",),
    prepare=(("python", "-m", "benchmarks.subjects.litequeue.queue"),),
    workers=(_WORKER, _WORKER),
    durable="SQLite, no fsync",
    notes="It has no workers: they are the shortest loop around it, in two processes, that looks every 5 ms when there is "
    "nothing to do. Finished jobs are kept; the jobs of a dead worker stay locked, its defaults.",
)
