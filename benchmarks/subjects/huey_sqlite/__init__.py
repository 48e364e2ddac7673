"""Huey on SQLite."""

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="huey_sqlite",
    title="Huey 3.5 on SQLite",
    environment="huey_redis",
    settings={"BENCH_HUEY": "sqlite"},
    workers=[
        # By default it looks for jobs at intervals that grow to 10 s; -d and -m bound the wait of a job on an idle system.
        [
            "huey_consumer",
            "benchmarks.subjects.huey_redis.tasks.huey",
            "-k",
            "process",
            "-w",
            "2",
            "-q",
            "-d",
            "0.01",
            "-m",
            "0.1",
        ],
    ],
    durable="fsync",
    notes="WAL with SQLite's own default of synchronous=FULL, two processes that look for jobs at least every 0.1 s; "
    "results are stored unless they are None, as by default; "
    "a job is taken off the queue before it runs, so a killed worker loses it.",
)
