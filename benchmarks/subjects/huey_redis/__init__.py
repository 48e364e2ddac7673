"""Huey on Redis."""

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="huey_redis",
    title="Huey 3.5 on Redis",
    requirements=["huey==3.5.4", "redis==8.1.0", "hiredis==3.5.0"],
    needs=frozenset({"redis"}),
    workers=[["huey_consumer", "benchmarks.subjects.huey_redis.tasks.huey", "-k", "process", "-w", "2", "-q"]],
    durable="Redis, fsync every second",
    notes="Two processes; results are stored unless they are None, as by default; "
    "a job is taken off the queue before it runs, so a killed worker loses it.",
)
