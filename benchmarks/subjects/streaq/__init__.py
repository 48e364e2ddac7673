"""streaQ."""

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="streaq",
    title="streaQ 7.2 on Redis",
    requirements=("streaq==7.2.0", "coredis==6.9.0"),
    needs=frozenset({"redis"}),
    workers=(("streaq", "run", "benchmarks.subjects.streaq.tasks:worker"),) * 2,
    durable="Redis (appendonly), fsync every second",
    notes="Two workers, each with 16 jobs at once and 16 fetched ahead, its default; without a log line for each job.",
)
