"""Taskiq on Redis streams."""

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="taskiq",
    title="Taskiq 0.13 on Redis",
    requirements=["taskiq==0.13.0", "taskiq-redis==1.2.4", "redis==8.1.0", "hiredis==3.5.0"],
    needs=frozenset({"redis"}),
    workers=[["taskiq", "worker", "benchmarks.subjects.taskiq.tasks:broker", "--workers", "2", "--log-level", "WARNING"]],
    durable="Redis, fsync every second",
    notes="Stream broker with acknowledgements, results in Redis for 1,000 s, as its documentation recommends; "
    "two processes on uvloop; what a dead worker had claimed is claimed again after 10 minutes, as by default.",
)
