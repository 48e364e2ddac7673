"""Celery on Redis."""

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="celery",
    title="Celery 5.7 on Redis",
    requirements=["celery[redis]==5.7.0", "kombu==5.7.0", "billiard==4.3.2", "redis==8.1.0", "hiredis==3.5.0"],
    needs=frozenset({"redis"}),
    workers=[["celery", "-A", "benchmarks.subjects.celery.tasks", "worker", "-c", "2"]],
    durable="Redis, fsync every second",
    notes="Prefork, two processes, results in Redis; "
    "acknowledges a job before running it, and prefetches 4 a process, as by default "
    "(more would drain quicker, and leave more jobs of a killed worker until its visibility timeout of an hour).",
)
