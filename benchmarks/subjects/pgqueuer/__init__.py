"""PgQueuer: asynchronous tasks on PostgreSQL, claimed in batches."""

from benchmarks.subject import Subject

_WORKER = ("python", "-m", "benchmarks.subjects.pgqueuer.worker")

SUBJECT = Subject(
    name="pgqueuer",
    title="PgQueuer 1.6 on PostgreSQL",
    requirements=("pgqueuer[asyncpg]==1.6.0",),
    needs=frozenset({"postgres"}),
    prepare=(("pgq", "install"), ("pgq", "autovac")),
    workers=(_WORKER, _WORKER),
    settings={"PGDSN": "$BENCH_POSTGRES"},
    durable="fsync",
    notes="Two workers with batches of 100, a connection each, a pool for the API, and its autovacuum settings, as in its "
    "guide to tuning; what blocks runs in threads; logs of all jobs are kept, its default.",
)
