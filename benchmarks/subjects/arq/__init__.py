"""arq."""

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="arq",
    title="arq 0.28 on Redis",
    requirements=("arq==0.28.0", "redis[hiredis]==5.3.1"),
    needs=frozenset({"redis"}),
    workers=(
        ("arq", "benchmarks.subjects.arq.tasks.WorkerSettings", "--custom-log-dict", "benchmarks.subjects.arq.tasks.QUIET"),
    )
    * 2,
    durable="Redis (appendonly), fsync every second",
    notes="Two workers, each with 10 jobs at once, its default; it looks for jobs every 0.05 s, not 0.5 s, which would "
    "hold a worker to 200 jobs/s. It has no way to add in bulk: 32 coroutines add one job at a time each.",
)
