"""Docket: asynchronous tasks on Redis streams."""

from benchmarks.subject import Subject

_WORKER = (
    "docket",
    "worker",
    *("--docket", "bench"),
    *("--url", "$BENCH_REDIS?max_connections=250"),  # More than the concurrency: at redis-py's 100 a full worker stalls.
    *("--tasks", "benchmarks.subjects.docket.tasks:TASKS"),
    *("--concurrency", "100"),
    *("--logging-level", "WARNING"),
)

SUBJECT = Subject(
    name="docket",
    title="Docket 0.27 on Redis",
    requirements=("pydocket==0.27.0",),
    needs=frozenset({"redis"}),
    workers=(_WORKER, _WORKER),
    durable="Redis, fsync every second",
    notes="Two workers of 100 tasks at once, as a full one looks again only after 100 ms, with more connections than that, as "
    "its production guide says; what blocks runs in threads. Its defaults: states are kept for 15 minutes, and a dead "
    "worker's jobs are redelivered after 5.",
)
