"""What becomes of 200 jobs when all workers are killed in the middle of them and started again at once."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

from benchmarks import processes
from benchmarks.bench import Bench, Entry, Site
from benchmarks.figures import Figure
from benchmarks.subject import Subject

NAME = "F crash"

JOBS = 200
REST = 0.05
KILL_AT = 60
"""Jobs that have ended when the workers are killed."""

AFTERWARDS = 2.0
"""Seconds in which nothing more must happen once all jobs have ended."""

_CONNECTIONS = 8


class Crash(NamedTuple):
    accepted: frozenset[int]
    restarted_ns: int
    """Just before the workers were started again."""
    orphans: frozenset[int]
    """Started and not ended at the crash."""


def applies(subject: Subject) -> bool:
    return bool(subject.workers) or subject.name == "stock"


def measure(bench: Bench, subject: Subject, *, quick: bool) -> Iterator[Figure]:
    patience = 20.0 if quick else 60.0
    with bench.site(subject, AFTERWORD_WORKER="off") as site:
        crash = _crash_api(site) if subject.one_process else _crash_workers(site)
        if site.wait(lambda: crash.accepted <= ended(site.ledger()), patience):
            time.sleep(AFTERWARDS)
        yield tell(subject, crash, site.ledger(), patience)


def tell(subject: Subject, crash: Crash, ledger: Iterable[Entry], patience: float) -> Figure:
    """The figure of a crash, by what the ledger holds in the end."""
    starts = Counter(entry.number for entry in ledger if entry.phase == "start")
    ends = Counter(entry.number for entry in ledger if entry.phase == "end")
    last = {entry.number: (entry.ns - crash.restarted_ns) / 1e9 for entry in ledger if entry.phase == "end"}
    lost, left = crash.accepted - ends.keys(), crash.orphans - ends.keys()
    late = [last[number] for number in crash.orphans if number in ends]
    values = {
        "lost": float(len(lost)),
        "orphans": float(len(crash.orphans)),
        "orphans s": None if left else max(late, default=None),
        "all s": None if lost else max((last[number] for number in crash.accepted), default=None),
        "finished twice": float(sum(count > 1 for count in ends.values())),
        "started twice": float(sum(count > 1 for count in starts.values())),
    }
    note = f"{len(left)} of {len(crash.orphans)} orphans not ended after {patience:.0f} s" if left else ""
    if not crash.orphans:
        note = "no job was in the middle when the kill came"
    return Figure(NAME, subject.name, values, note=note)


def ended(ledger: Iterable[Entry]) -> frozenset[int]:
    return frozenset(entry.number for entry in ledger if entry.phase == "end")


def begun(ledger: Iterable[Entry]) -> frozenset[int]:
    return frozenset(entry.number for entry in ledger if entry.phase == "start")


def _crash_workers(site: Site) -> Crash:
    site.fill("rest", JOBS, REST)
    site.start_workers()
    _until_kill(site)
    site.kill_workers(signal.SIGKILL)
    crash = _crash(site, frozenset(range(JOBS)))
    site.start_workers()
    return crash


def _crash_api(site: Site) -> Crash:
    """Where the API is its own worker: what it has accepted and not run is to come through too."""
    server = site.uvicorn()
    accepted: set[int] = set()
    adding = threading.Thread(target=_add, args=(server.port, accepted))
    adding.start()
    try:
        _until_kill(site)
    finally:
        processes.end(server.process, signal.SIGKILL)
        adding.join()
    crash = _crash(site, frozenset(accepted))
    site.uvicorn()
    return crash


def _until_kill(site: Site) -> None:
    """Until enough have ended and at least one is in the middle."""

    def now() -> bool:
        ledger = site.ledger()
        done = ended(ledger)
        return len(done) >= KILL_AT and not begun(ledger) <= done

    if not site.wait(now, 60):
        raise RuntimeError(f"The moment at which {KILL_AT} of {JOBS} jobs have ended and others run did not come within 60 s.")


def _crash(site: Site, accepted: frozenset[int]) -> Crash:
    """To be asked between the kill and the restart."""
    ledger = site.ledger()
    return Crash(accepted, time.monotonic_ns(), begun(ledger) - ended(ledger))


def _add(port: int, accepted: set[int]) -> None:
    """Until all are added or nobody answers any more."""
    numbers = iter(range(JOBS))  # Shared: `next` on it is one step.

    def add() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        with closing(connection), suppress(OSError, HTTPException):
            for number in numbers:
                connection.request("POST", f"/add/rest/{number}?seconds={REST}")
                answer = connection.getresponse()
                answer.read()
                if answer.status < 300:
                    accepted.add(number)

    with ThreadPoolExecutor(_CONNECTIONS) as threads:
        for _ in range(_CONNECTIONS):
            threads.submit(add)
