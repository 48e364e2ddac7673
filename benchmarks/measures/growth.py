"""How afterword's jobs per second change with runners, arguments, history and backlog, and with how many are added together."""

import json
import time
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.bench import Bench, Site
from benchmarks.figures import Figure
from benchmarks.measures.drain import work_off
from benchmarks.subject import Subject

NAME = "growth"

RUNNERS = (1, 2, 3, 4)
KILOBYTES = (0.1, 1.0, 10.0, 100.0)
HISTORY = (0, 100_000, 1_000_000)
BACKLOG = (1_000, 10_000, 100_000, 1_000_000)
TOGETHER = (1, 10, 100, 1_000)

_START = 120.0
_ADDING = 1200.0


class Extent(NamedTuple):
    """How much is done at each point."""

    left_out: int
    """Of the history and the backlog, so many of the largest."""
    jobs: int
    bytes: int
    """Of arguments, at most."""
    patience: float
    """Seconds of draining."""


QUICK = Extent(left_out=1, jobs=5_000, bytes=50_000_000, patience=20.0)
FULL = Extent(left_out=0, jobs=30_000, bytes=300_000_000, patience=60.0)


def applies(subject: Subject) -> bool:
    return subject.name == "afterword"


def measure(bench: Bench, subject: Subject, *, quick: bool) -> Iterator[Figure]:
    extent = QUICK if quick else FULL
    yield from _runners(bench, subject, extent)
    yield from _arguments(bench, subject, extent)
    yield from _history(bench, subject, extent)
    yield from _backlog(bench, subject, extent)
    yield from _together(bench, subject, extent)


def _runners(bench: Bench, subject: Subject, extent: Extent) -> Iterator[Figure]:
    for runners in RUNNERS:
        with bench.site(subject, AFTERWORD_RUNNERS=str(runners)) as site:
            site.fill("noop", extent.jobs)
            yield _drained(site, "runners", "runners", runners, extent.jobs, extent)


def _arguments(bench: Bench, subject: Subject, extent: Extent) -> Iterator[Figure]:
    for kilobytes in KILOBYTES:
        size = int(kilobytes * 1000)
        jobs = min(extent.jobs, extent.bytes // size)
        with bench.site(subject) as site:
            _add(site, jobs, size, max(1, min(1000, 10_000_000 // size)))
            yield _drained(site, "arguments", "kB of arguments", kilobytes, jobs, extent)


def _history(bench: Bench, subject: Subject, extent: Extent) -> Iterator[Figure]:
    """The history is made as it is made in life, by draining; so it lies on the disk as it would."""
    with bench.site(subject) as site:
        there = 0
        for finished in HISTORY[: len(HISTORY) - extent.left_out]:
            if finished > there:
                missing = finished - there
                site.fill("noop", missing, patience=_ADDING)
                ran = _drain(site, missing, _ADDING)[0]
                there += ran
                if ran < missing:
                    yield _figure("history", "finished jobs", finished, None, f"only {there} were drained in time")
                    return
            site.fill("noop", extent.jobs)
            yield _drained(site, "history", "finished jobs", finished, extent.jobs, extent)
            there += extent.jobs


def _backlog(bench: Bench, subject: Subject, extent: Extent) -> Iterator[Figure]:
    """Of a long backlog only the beginning is drained."""
    for waiting in BACKLOG[: len(BACKLOG) - extent.left_out]:
        with bench.site(subject) as site:
            site.fill("noop", waiting, patience=_ADDING)
            yield _drained(site, "backlog", "waiting jobs", waiting, min(waiting, extent.jobs), extent)


def _together(bench: Bench, subject: Subject, extent: Extent) -> Iterator[Figure]:
    for together in TOGETHER:
        jobs = min(extent.jobs, 500 * together)
        with bench.site(subject) as site:
            _add(site, min(jobs, 200), 100, together)
            yield _figure("batch", "jobs added together", together, jobs / _add(site, jobs, 100, together), "")


def _add(site: Site, jobs: int, size: int, together: int) -> float:
    """Seconds that it took."""
    said = site.run(["python", "-m", "benchmarks.measures.growth_add", str(jobs), str(size), str(together)], 300)
    return float(json.loads(said)["seconds"])


def _drained(site: Site, curve: str, across: str, x: float, jobs: int, extent: Extent) -> Figure:
    ran, rate = _drain(site, jobs, extent.patience)
    note = "" if ran >= jobs else f"{x:g}: {ran} of {jobs} ran in {extent.patience:.0f} s"
    return _figure(curve, across, x, rate or None, note)


def _drain(site: Site, jobs: int, patience: float) -> tuple[int, float]:
    """Start the workers on what waits: how many were run, of which `jobs` are waited for, and how many a second."""
    site.forget()
    try:
        count = work_off(site, jobs, _START, patience)
        time.sleep(1)  # So that the outcomes of the last are written, and these are not run again by the next workers.
        return count.ran, count.per_second
    finally:
        site.kill_workers()


def _figure(curve: str, across: str, x: float, rate: float | None, note: str) -> Figure:
    return Figure(f"{NAME} {curve}", "afterword", {across: float(x), "jobs/s": rate}, note=note)
