"""RQ with its worker that runs the jobs in its own process."""

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="rq_simple",
    title="RQ 3.0, SimpleWorker",
    needs=frozenset({"redis"}),
    workers=(("python", "-m", "benchmarks.subjects.rq.worker", "SimpleWorker"),) * 2,
    environment="rq",
    durable="Redis (appendonly), fsync every second",
    notes="Two workers that do not fork: a job that crashes takes its worker along. Its documentation advises against it in "
    "production except for very short, trusted jobs.",
)
