"""G: whether draining gets slower when very many jobs wait.

A thousand jobs are drained in a fraction of a second, in which the workers have hardly warmed up: that rate says little. So the
ratio is made with the rate of a backlog that lasts as long as the long one is watched for.
"""

from collections.abc import Iterator
from statistics import median

from benchmarks.bench import Bench, Count
from benchmarks.figures import Figure
from benchmarks.measures.drain import work_off
from benchmarks.subject import Subject

NAME = "G backlog"

SUBJECTS = ("afterword", "litequeue")

WATCHED = 8.0
"""Seconds of draining."""

SHORT = 1000
_TRIES = 3
_START = 120.0
_ADDING = 900.0


def applies(subject: Subject) -> bool:
    return subject.name in SUBJECTS


def measure(bench: Bench, subject: Subject, *, quick: bool) -> Iterator[Figure]:
    seconds, many = (3.0, 100_000) if quick else (WATCHED, 1_000_000)
    thousand = median(_drained(bench, subject, SHORT, seconds).per_second for _ in range(1 if quick else _TRIES))
    # Twice, as the rate of a thousand is that of cold workers.
    guess = _drained(bench, subject, max(SHORT, int(thousand * seconds)), seconds).per_second
    short = max(SHORT, int(guess * seconds))
    few = _drained(bench, subject, short, seconds)
    lot = _drained(bench, subject, many, seconds)
    values: dict[str, float | None] = {
        f"jobs/s at {SHORT}": thousand,
        "jobs/s at few": few.per_second,
        f"jobs/s at {many}": lot.per_second,
        "few": float(short),
        "ratio": lot.per_second / few.per_second if few.per_second else None,
    }
    yield Figure(NAME, subject.name, values, note=f"the ratio is to the rate at {short:,} jobs, which last as long")


def _drained(bench: Bench, subject: Subject, count: int, seconds: float) -> Count:
    """What was run in so many seconds from the first job on."""
    with bench.site(subject) as site:
        site.fill("noop", count, patience=_ADDING)
        drained = work_off(site, count, _START, seconds)
        if not drained.ran:
            raise RuntimeError(f"No job was started in {_START:.0f} s.")
        bench.say(f"{subject.name}: {drained.per_second:,.0f} jobs/s at {count:,}")
        return drained
