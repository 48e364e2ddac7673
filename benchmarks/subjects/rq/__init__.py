"""RQ with its default worker, which forks for every job."""

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="rq",
    title="RQ 3.0 on Redis",
    requirements=("rq==3.0.0", "redis[hiredis]==8.1.0"),
    needs=frozenset({"redis"}),
    workers=(("python", "-m", "benchmarks.subjects.rq.worker", "Worker"),) * 2,
    durable="Redis (appendonly), fsync every second",
    notes="Two workers that fork for each job, tasks imported before the fork, as its documentation advises; an endpoint in a "
    "thread, since it has no asynchronous interface.",
)
