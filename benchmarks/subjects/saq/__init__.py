"""SAQ."""

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="saq",
    title="SAQ 0.26 on Redis",
    requirements=("saq[redis,hiredis]==0.26.4", "redis==7.4.1"),
    needs=frozenset({"redis"}),
    workers=(("saq", "benchmarks.subjects.saq.tasks.settings"),) * 2,
    durable="Redis (appendonly), fsync every second",
    notes="Two workers, each with 10 jobs at once, its default. It cannot add in bulk: 20 coroutines add one job at a time "
    "each. A worker that starts may sweep up a job that another has just taken, and let it run again.",
)
