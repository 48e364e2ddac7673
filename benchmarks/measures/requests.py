"""A: how many requests per second an endpoint answers that adds one task.

Those whose ratios are the goals are measured in turns, round by round, so that a moment in which the machine is slow strikes
all of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from statistics import median
from typing import NamedTuple

from benchmarks import processes
from benchmarks.bench import Bench, Server, Site
from benchmarks.figures import Figure
from benchmarks.load import load
from benchmarks.subject import Subject

NAME = "A requests"
WITH_WORKER = "A requests with its worker"
SAMPLE = "A requests of the sample"

TOGETHER = ("stock", "no_task", "stock_sync", "afterword")

ADD = "/add/noop/{number}"
NOTIFY = "/notifications/{number}@example.com"

_DRAIN = 60.0  # Seconds in which a worker catches up before the next one's turn.

Values = dict[str, float | None]


class Plan(NamedTuple):
    """How hard a load is."""

    rounds: int
    seconds: float
    warm: float
    """Seconds."""
    connections: int = 32


class Contestant(NamedTuple):
    """Who takes turns with others."""

    measure: str
    subject: Subject
    path: str = ADD
    worker: bool = False


def applies(subject: Subject) -> bool:
    return bool(subject.name)


def measure(bench: Bench, subject: Subject, *, quick: bool) -> Iterator[Figure]:
    yield from compete(bench, [Contestant(NAME, subject)], _plan(quick))


def measure_together(bench: Bench, subjects: Sequence[Subject], *, quick: bool) -> Iterator[Figure]:
    """Of TOGETHER those that are asked for. Afterword also with the documentation's sample, and with its worker."""
    plan = _plan(quick)
    yield from compete(bench, [Contestant(NAME, subject) for subject in subjects], plan)
    by_name = {subject.name: subject for subject in subjects}
    if "afterword" in by_name:
        sample = [by_name[name] for name in ("stock_sync", "afterword") if name in by_name]
        yield from compete(bench, [Contestant(SAMPLE, subject, NOTIFY) for subject in sample], plan)
        worked = [by_name[name] for name in ("stock", "afterword") if name in by_name]
        yield from compete(bench, [Contestant(WITH_WORKER, subject, worker=True) for subject in worked], plan)


def compete(bench: Bench, contest: Sequence[Contestant], plan: Plan) -> Iterator[Figure]:
    """One figure for each, the median of its rounds."""
    if not contest:
        return
    with ExitStack() as stack:
        started = [_start(bench, contestant, stack) for contestant in contest]
        for contestant, (_, server) in zip(contest, started, strict=True):
            load(server.address, contestant.path, connections=plan.connections, seconds=plan.warm)
        rounds: list[list[Values]] = [[] for _ in contest]
        for turn in range(plan.rounds):
            for contestant, (site, server), values in zip(contest, started, rounds, strict=True):
                values.append(_round(contestant, site, server, plan))
                bench.say(f"{contestant.subject.name}: round {turn + 1}: {values[-1]['requests/s']:,.0f} requests/s")
    for contestant, values in zip(contest, rounds, strict=True):
        failed = sum(one["failed"] or 0 for one in values)
        note = f"{failed:.0f} requests failed" if failed else ""
        yield Figure(contestant.measure, contestant.subject.name, _medians(values), note=note)


def _plan(quick: bool) -> Plan:
    return Plan(1, 3.0, 1.0) if quick else Plan(3, 4.0, 2.0)


def _start(bench: Bench, contestant: Contestant, stack: ExitStack) -> tuple[Site, Server]:
    settings = {} if contestant.worker else {"AFTERWORD_WORKER": "off"}
    site = stack.enter_context(bench.site(contestant.subject, **settings))
    return site, site.uvicorn()


def _round(contestant: Contestant, site: Site, server: Server, plan: Plan) -> Values:
    before = processes.cpu_seconds(server.pid)
    done = load(server.address, contestant.path, connections=plan.connections, seconds=plan.seconds)
    spent = processes.cpu_seconds(server.pid) - before
    if contestant.worker:
        _until_drained(site)
    requests = len(done.latencies)
    return {
        "requests/s": done.per_second,
        "p50 ms": done.percentile(50),
        "p99 ms": done.percentile(99),
        "CPU us": spent / requests * 1e6 if requests else None,
        "failed": float(done.failed),
    }


def _until_drained(site: Site) -> None:
    """Until the number of no-ops has not grown for half a second: the next one's turn must not be disturbed."""
    seen = [-1] * 100

    def stands() -> bool:
        seen.append(site.count().ran)
        return seen[-1] == seen[-100]

    site.wait(stands, _DRAIN)


def _medians(rounds: Iterable[Values]) -> Values:
    rounds = list(rounds)
    medians: Values = {}
    for name in rounds[0]:
        known = [value for one in rounds if (value := one[name]) is not None]
        medians[name] = median(known) if known else None
    return medians
