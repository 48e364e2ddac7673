"""What the table of each measure shows, as data."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.goals import OURS, SAMPLE, STOCK, STOCK_SYNC, WITH_WORKER


class Compared(NamedTuple):
    """A ratio in the last column: `value` divided by `other`."""

    said: str
    """The column's heading."""
    value: str
    other: str
    subject: str | None
    """Whose `other`; None: the same subject's."""


class Bars(NamedTuple):
    """A plot of one value."""

    file: str
    title: str
    value: str


class Layout(NamedTuple):
    measure: str
    heading: str
    what: str
    """How it is measured, for whoever reads the figures."""
    columns: Sequence[str]
    """Names of values."""
    order: Sequence[str]
    """The values by which the rows are sorted, the best first."""
    more_is_better: bool
    compared: Compared | None = None
    bars: Bars | None = None
    variants: Mapping[str, str] = {}
    """Other measures whose figures stand in the same table, and what is said of them behind the title."""


LAYOUTS: Sequence[Layout] = (
    Layout(
        "A requests",
        "A. Requests that add one task",
        "An endpoint with one `add_task`, or what the subject has instead: one uvicorn process, 32 connections that stay "
        "open, each with one request at a time. Workers, where there are any, do not run. *CPU* is the processor time of a "
        "request in the API's process.",
        ["requests/s", "p50 ms", "p99 ms", "CPU us"],
        ["requests/s"],
        more_is_better=True,
        compared=Compared("of stock", "requests/s", "requests/s", STOCK),
        bars=Bars("requests.svg", "A. Requests that add one task, requests/s", "requests/s"),
    ),
    Layout(
        SAMPLE,
        "A, with the documentation's sample",
        "The same with the sample of FastAPI's documentation, a plain function that appends a line to a file. Stock runs it "
        "in a thread of the API's process; here it is written down.",
        ["requests/s", "p50 ms", "p99 ms", "CPU us"],
        ["requests/s"],
        more_is_better=True,
        compared=Compared("of stock", "requests/s", "requests/s", STOCK_SYNC),
    ),
    Layout(
        WITH_WORKER,
        "A, while the worker runs the tasks",
        "The same as the first, but afterword's worker takes its part of the two cores meanwhile, as stock does anyhow.",
        ["requests/s", "p50 ms", "p99 ms", "CPU us"],
        ["requests/s"],
        more_is_better=True,
        compared=Compared("of stock", "requests/s", "requests/s", STOCK),
    ),
    Layout(
        "B bulk",
        "B. Adding in bulk",
        "Jobs per second that one process adds by the fastest documented way.",
        ["jobs/s"],
        ["jobs/s"],
        more_is_better=True,
        compared=Compared("of afterword", "jobs/s", "jobs/s", OURS),
        bars=Bars("bulk.svg", "B. Adding in bulk, jobs/s", "jobs/s"),
    ),
    Layout(
        "C drain",
        "C. Draining",
        "Jobs that do nothing but count themselves wait; then the workers start. Jobs per second from the first job to the "
        "last. Those of afterword are coroutines, run by one worker with its runners. Two further rows are of plain functions, "
        "of which each gets a thread, and of two workers.",
        ["jobs/s"],
        ["jobs/s"],
        more_is_better=True,
        compared=Compared("of afterword", "jobs/s", "jobs/s", OURS),
        bars=Bars("drain.svg", "C. Draining, jobs/s", "jobs/s"),
        variants={"C drain of functions": "plain functions", "C drain by two workers": "two workers"},
    ),
    Layout(
        "D latency",
        "D. From adding to starting",
        "On an idle system, from just before a job is added in an endpoint until its function begins.",
        ["p50 ms", "p99 ms"],
        ["p50 ms"],
        more_is_better=False,
        compared=Compared("p50, of afterword", "p50 ms", "p50 ms", OURS),
        bars=Bars("latency.svg", "D. From adding to starting, p50 in ms", "p50 ms"),
    ),
    Layout(
        "E ping",
        "E. Another endpoint while tasks burn CPU",
        "`GET /ping` of the same API, idle and while tasks keep the processor busy.",
        ["idle p50 ms", "idle p99 ms", "busy p50 ms", "busy p99 ms"],
        ["busy p99 ms"],
        more_is_better=False,
        compared=Compared("p99, busy of idle", "busy p99 ms", "idle p99 ms", None),
    ),
    Layout(
        "F crash",
        "F. Kill -9 in the middle",
        "200 jobs of 50 ms; once 60 have ended, the whole tree of the workers (where it has none, of the API) is killed and "
        "started again at once. *Lost* are those that were accepted and have not ended a minute later, *orphans* those that "
        "had begun and not ended when they were killed, *orphans s* the seconds from the restart until the last of these "
        "has ended. *Finished twice* have come to their end more than once, *started twice* have begun more than once.",
        ["lost", "orphans", "orphans s", "finished twice", "started twice"],
        ["lost", "orphans s"],
        more_is_better=False,
    ),
    Layout(
        "G backlog",
        "G. Draining at a long backlog",
        "Jobs per second that are drained when so many wait. A thousand are gone before the workers are warm; so *ratio* "
        "compares a million with a *few*: as many as last for as long as the million is watched.",
        ["jobs/s at 1000", "jobs/s at few", "jobs/s at 1000000", "ratio"],
        ["ratio"],
        more_is_better=True,
    ),
    Layout(
        "H footprint",
        "H. Footprint",
        "*Import* is what importing adds to importing FastAPI, *memory* that of all processes of the worker (proportional "
        "set size), *CPU* what is used of a core while nothing happens, *first job* the time from starting the worker until "
        "a waiting job begins.",
        ["import ms", "memory MB", "API CPU %", "worker CPU %", "first job s"],
        ["memory MB"],
        more_is_better=False,
        compared=Compared("memory, of afterword", "memory MB", "memory MB", OURS),
    ),
)
