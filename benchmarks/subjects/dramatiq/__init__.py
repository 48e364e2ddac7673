"""Dramatiq on Redis."""

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="dramatiq",
    title="Dramatiq 2.2 on Redis",
    requirements=["dramatiq[redis]==2.2.1", "redis==8.1.0", "hiredis==3.5.0"],
    needs=frozenset({"redis"}),
    workers=[["dramatiq", "benchmarks.subjects.dramatiq.tasks", "--processes", "2"]],
    durable="Redis, fsync every second",
    notes="Two processes of 8 threads; keeps neither results nor history, as by default; "
    "what a dead worker held is queued again once it has not been heard of for 60 s, "
    "by a maintenance that one in 1,000 commands does.",
)
