"""B: how many jobs per second one process adds by the fastest documented way."""

from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.figures import Figure
from benchmarks.subject import Subject

NAME = "B bulk"

MOST = 50_000
TRIAL = 500
"""Jobs by which it is judged how many can be added in the time there is."""


def applies(subject: Subject) -> bool:
    return not subject.one_process


def measure(bench: Bench, subject: Subject, *, quick: bool) -> Iterator[Figure]:
    seconds = 1.5 if quick else 5.0
    with bench.site(subject) as site:
        rate = TRIAL / site.fill("noop", TRIAL)
        count = min(MOST, max(TRIAL, int(rate * seconds)))
        if subject.stores_itself:  # Its first jobs say little of the rest.
            count = 10_000 if quick else MOST
        took = site.fill("noop", count)
    bench.say(f"{subject.name}: {count / took:,.0f} jobs/s")
    yield Figure(NAME, subject.name, {"jobs/s": count / took, "jobs": float(count)})
