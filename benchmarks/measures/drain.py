"""C: how many no-op jobs per second the workers run, from the first to the last."""

from collections.abc import Iterator

from benchmarks.bench import Bench, Count, Site
from benchmarks.figures import Figure
from benchmarks.subject import Subject

NAME = "C drain"
SYNC = "C drain of functions"
"""Afterword's no-op as a plain function, which gets a thread; that of "C drain" is a coroutine."""
TWO = "C drain by two workers"
"""Of afterword, of which one worker with its runners is measured in "C drain"."""

TRIAL = 1000
MOST = 60_000
PATIENCE = 60.0
_START = 30.0  # Seconds in which workers begin, beyond PATIENCE.


def applies(subject: Subject) -> bool:
    return bool(subject.workers)


def measure(bench: Bench, subject: Subject, *, quick: bool) -> Iterator[Figure]:
    seconds = 2.0 if quick else 7.0
    yield _figure(NAME, "noop", bench, subject, seconds)
    if subject.name == "afterword":
        yield _figure(SYNC, "noop_sync", bench, subject, seconds)
        yield _figure(TWO, "noop", bench, subject._replace(workers=[*subject.workers, *subject.workers]), seconds)


def drain(site: Site, task: str, count: int) -> Count:
    """Add so many while no worker runs, start the workers, and say what was run when all were, or PATIENCE was at an end."""
    site.forget()
    site.fill(task, count)
    try:
        return work_off(site, count, _START, PATIENCE)
    finally:
        site.kill_workers()


def work_off(site: Site, count: int, start: float, patience: float) -> Count:
    """Start the workers on what waits; say what was run when so many were, or `patience` seconds after the first one, for which
    it waits `start` seconds."""
    site.start_workers()
    if site.wait(lambda: site.count().ran > 0, start):
        site.wait(lambda: site.count().ran >= count, patience, every=0.05)  # To look more often costs the workers something.
    return site.count()


def _figure(name: str, task: str, bench: Bench, subject: Subject, seconds: float) -> Figure:
    """A short trial says how many jobs last for about so many seconds; each has a site of its own."""
    with bench.site(subject) as site:
        trial = drain(site, task, TRIAL)
    wanted = min(MOST, int(trial.per_second * seconds))
    if subject.stores_itself:
        wanted = min(MOST, max(10_000, wanted))
    got, count = trial, TRIAL
    if trial.ran >= TRIAL and wanted > TRIAL:
        count = wanted
        with bench.site(subject) as site:
            got = drain(site, task, count)
    bench.say(f"{subject.name}: {got.per_second:,.0f} jobs/s")
    note = f"{got.ran} of {count} ran in {PATIENCE:.0f} s" if got.ran < count else ""
    if got.ran > count:
        note = f"{got.ran - count} of {count} ran twice"
    return Figure(name, subject.name, {"jobs/s": got.per_second if got.ran > 1 else None, "jobs": float(count)}, note=note)
