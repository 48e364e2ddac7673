"""How long `/ping` takes while tasks burn the cores, against the idle system."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from benchmarks.bench import Bench, Server, Site
from benchmarks.figures import Figure
from benchmarks.load import Load, load, percentile
from benchmarks.subject import Subject

NAME = "E ping"

CONNECTIONS = 8
PAUSE = 0.02
"""Seconds between an answer and the next request of the same connection."""

BURN = 0.5
"""Seconds that one task burns."""

UNANSWERED = 30_000.0
"""Milliseconds that a request counts which was not answered, or not well."""

_LEAD = 1.0  # Seconds of burning before the measure begins.


def applies(subject: Subject) -> bool:
    return bool(subject.workers) or subject.name == "stock"


def measure(bench: Bench, subject: Subject, *, quick: bool) -> Iterator[Figure]:
    seconds, burns = (3.0, 800) if quick else (6.0, 2000)
    with bench.site(subject, AFTERWORD_WORKER="off") as site, ThreadPoolExecutor(1) as thread:
        server = site.uvicorn()
        _warm_up(site)
        idle = _ask(server, seconds)
        feeding = _burn(site, server, burns, seconds, thread)
        busy = _ask(server, seconds)
        left = feeding is not None or _ended(site) < burns
        if feeding is not None:
            feeding.result()
    faults = [] if left else ["the tasks ended before the measure did"]
    if failed := idle.failed + busy.failed:
        faults.append(f"{failed} requests were not answered, and count as {UNANSWERED / 1000:.0f} s")
    yield Figure(NAME, subject.name, _values(idle, busy), note="; ".join(faults))


def _values(idle: Load, busy: Load) -> dict[str, float | None]:
    took = {name: [*load.latencies, *[UNANSWERED] * load.failed] for name, load in (("idle", idle), ("busy", busy))}
    shares = {name: (percentile(growing, 50), percentile(growing, 99)) for name, growing in took.items()}
    values = {f"{name} p{share} ms": shares[name][share == 99] for name in took for share in (50, 99)}
    (_, quiet), (_, loud) = shares["idle"], shares["busy"]
    return {**values, "ratio": loud / quiet if loud and quiet else None}


def _ask(server: Server, seconds: float) -> Load:
    with ThreadPoolExecutor(1, initializer=_go_first) as thread:
        return thread.submit(_ask_here, server, seconds).result()


def _go_first() -> None:
    """The client stands for other machines, so it runs before what is measured, where it may. The priority is this thread's
    alone: no process that is started later inherits it."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), -10)


def _ask_here(server: Server, seconds: float) -> Load:
    return load(server.address, "/ping", method="GET", connections=CONNECTIONS, seconds=seconds, pause=PAUSE)


def _warm_up(site: Site) -> None:
    """Workers that have run a job are up; after two more seconds nothing is left to do."""
    if site.subject.one_process:
        return
    site.fill("stamp", 1)
    site.start_workers()
    if not site.wait(lambda: bool(site.ledger()), 60):
        raise RuntimeError("No worker started a job within 60 s.")
    time.sleep(2)


def _burn(site: Site, server: Server, burns: int, seconds: float, thread: ThreadPoolExecutor) -> Future[Load] | None:
    """Enough to burn for so long. Where the API runs the tasks, they are added through it all the while: the load is returned
    that does so."""
    feeding = None
    if site.subject.one_process:
        path = f"/add/burn/{{number}}?seconds={BURN}"
        feeding = thread.submit(load, server.address, path, connections=CONNECTIONS, seconds=_LEAD + seconds)
    else:
        before = len(site.ledger())
        site.fill("burn", burns, BURN)
        if not site.wait(lambda: len(site.ledger()) > before, 60):
            raise RuntimeError("No worker started to burn within 60 s.")
    time.sleep(_LEAD)
    return feeding


def _ended(site: Site) -> int:
    return sum(entry.phase == "end" for entry in site.ledger())
