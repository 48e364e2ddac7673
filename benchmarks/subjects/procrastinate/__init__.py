"""Procrastinate: tasks on PostgreSQL, claimed one by one."""

from benchmarks.subject import Subject

_WORKER = ("procrastinate", "worker", "--concurrency", "10")

SUBJECT = Subject(
    name="procrastinate",
    title="Procrastinate 3.10 on PostgreSQL",
    requirements=("procrastinate==3.10.0", "psycopg[binary,pool]==3.3.9"),
    needs=frozenset({"postgres"}),
    prepare=(("procrastinate", "schema", "--apply"),),
    workers=(_WORKER, _WORKER),
    settings={"PROCRASTINATE_APP": "benchmarks.subjects.procrastinate.tasks.app", "PROCRASTINATE_LOG_LEVEL": "warning"},
    durable="fsync",
    notes="Two workers of 10 jobs at once, what blocks in threads; finished jobs are kept, and the jobs of a dead "
    "worker stay as they are, its defaults.",
)
