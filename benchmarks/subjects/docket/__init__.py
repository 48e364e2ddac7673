"""Docket: asynchronous tasks on Redis streams."""

from benchmarks.subject import Subject

_WORKER = (
    "docket",
    "worker",
    *("--docket", "bench"),
    *("--url", "$BENCH_REDIS"),
    *("--tasks", "benchmarks.subjects.docket.tasks:TASKS"),
    *("--concurrency", "50"),
    *("--logging-level", "WARNING"),
)

SUBJECT = Subject(
    name="docket",
    title="Docket 0.27 on Redis",
    requirements=("pydocket==0.27.0",),
    needs=frozenset({"redis"}),
    workers=(_WORKER, _WORKER),
    durable="Redis, fsync every second",
    notes="Two workers of 50 tasks at once, as in its production guide; what blocks runs in threads; states are kept for "
    "15 minutes, and a dead worker's jobs are redelivered after 5, its defaults.",
)
