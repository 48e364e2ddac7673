"""What a subject costs when there is nothing to do, and how long its workers take to begin."""

import os
import signal
import statistics
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from afterword.demo.processes import descendants
from benchmarks import processes
from benchmarks.bench import Bench, Site
from benchmarks.figures import Figure
from benchmarks.subject import Subject

NAME = "H footprint"

IMPORTS = 15
"""Fresh processes of each application, whose median is taken."""

_IMPORT = """
import importlib, sys, time
import fastapi
began = time.perf_counter()
importlib.import_module(f"benchmarks.subjects.{sys.argv[1]}.app")
print(time.perf_counter() - began)
"""


def applies(subject: Subject) -> bool:
    return bool(subject.workers) or subject.name == "stock"


def measure(bench: Bench, subject: Subject, *, quick: bool) -> Iterator[Figure]:
    with bench.site(subject, AFTERWORD_WORKER="off") as site:
        values: dict[str, float | None] = {"import ms": _import(site)}
        values["first job s"] = _first_job(site, 1 if quick else 3)
        api = site.uvicorn()
        workers = [process.pid for process in _warm(site)]
        cpu = _cpu([[api.pid], workers], 5 if quick else 10)
        values["API CPU %"], values["worker CPU %"] = cpu[0], cpu[1] if workers else None
        values["memory MB"] = memory(workers) if workers else None
        values["API MB"] = memory([api.pid])
    yield Figure(NAME, subject.name, values, note="" if workers else "it has no workers")


def memory(roots: Iterable[int]) -> float:
    """MB (10^6 bytes) of these processes and all below them; of a page that several share each has its part (PSS)."""
    return sum(map(_pss, _trees(roots))) / 1e6


def _import(site: Site) -> float:
    """Milliseconds by which the subject's application takes longer to import than stock's: a library that imports its parts
    when they are first asked for would seem to cost nothing if it were imported alone."""
    # Compiled once and kept, as it is for everybody.
    environment = {**site.environment, "PYTHONDONTWRITEBYTECODE": ""}
    took: dict[str, list[float]] = {"stock": [], site.subject.name: []}
    for _ in range(IMPORTS + 1):
        for name, times in took.items():
            times.append(float(processes.run([str(site.python), "-c", _IMPORT, name], site.folder, environment, 60)))
    ours, stock = (statistics.median(took[name][1:]) * 1e3 for name in (site.subject.name, "stock"))
    return ours - stock


def _first_job(site: Site, times: int) -> float | None:
    """Seconds from the start of the workers until a job that waits for them starts; the median."""
    if site.subject.one_process:
        return None
    return statistics.median(_first_job_once(site) for _ in range(times))


def _first_job_once(site: Site) -> float:
    site.fill("stamp", 1)
    began = time.monotonic_ns()
    site.start_workers()
    _until_started(site)
    took = (site.ledger()[0].ns - began) / 1e9
    time.sleep(1)  # So that the job is done with, and not run again by the next workers.
    site.kill_workers(signal.SIGTERM)
    site.forget()
    return took


def _warm(site: Site) -> Sequence[subprocess.Popen[bytes]]:
    """Workers that have run something, and have had three seconds of rest since."""
    if site.subject.one_process:
        return []
    workers = site.start_workers()
    site.fill("stamp", 100)
    _until_started(site, 100)
    time.sleep(3)
    return workers


def _until_started(site: Site, jobs: int = 1) -> None:
    if not site.wait(lambda: len(site.ledger()) >= jobs, 60):
        raise RuntimeError(f"The workers did not start {jobs} jobs within 60 s.")


def _cpu(groups: Iterable[Iterable[int]], seconds: float) -> list[float]:
    """Percent of one core that each group spends, children included, in the next so many seconds."""
    groups = [list(group) for group in groups]
    before = [_ticks(group) for group in groups]
    began = time.monotonic()
    time.sleep(seconds)
    took = (time.monotonic() - began) * os.sysconf("SC_CLK_TCK")
    return [100 * max(0, _ticks(group) - spent) / took for group, spent in zip(groups, before, strict=True)]


def _ticks(roots: Iterable[int]) -> int:
    """Those of processes that have ended in between are in their parents'."""
    return sum(sum(map(int, _stat(pid)[11:15])) for pid in _trees(roots))


def _trees(roots: Iterable[int]) -> list[int]:
    return sorted({pid for root in roots for pid in (root, *descendants(root))})


def _pss(pid: int) -> int:
    """Bytes; 0 for one that has ended."""
    for line in _read(pid, "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _stat(pid: int) -> list[str]:
    """From the state on."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""
