"""D: how long it takes on an idle system from adding a job in an endpoint until it starts."""

import json
import socket
import time
from collections.abc import Iterator

from benchmarks.bench import Bench, Server, Site
from benchmarks.figures import Figure
from benchmarks.load import parse, percentile
from benchmarks.subject import Subject

NAME = "D latency"

PERIOD = 0.05
"""Seconds from one add to the next."""

WARM = 20
"""Adds before those that count."""

PATIENCE = 60.0

_FIRST = 1000  # Numbers below are of warm-ups.


def applies(subject: Subject) -> bool:
    return bool(subject.workers) or subject.name == "stock"


def measure(bench: Bench, subject: Subject, *, quick: bool) -> Iterator[Figure]:
    adds = 50 if quick else 200
    with bench.site(subject) as site:
        server = site.uvicorn()
        if not subject.stores_itself:
            site.start_workers()
        _add(server, range(1))
        if not site.wait(lambda: bool(site.ledger()), PATIENCE):
            raise RuntimeError(f"No job was started in {PATIENCE:.0f} s.")
        _add(server, range(1, WARM))
        time.sleep(1)
        added = _add(server, range(_FIRST, _FIRST + adds))
        site.wait(lambda: len(_latencies(site, added)) == adds, PATIENCE)
        latencies = _latencies(site, added)
    missing = adds - len(latencies)
    note = f"{missing} of {adds} were not started within {PATIENCE:.0f} s" if missing else ""
    values = {"p50 ms": percentile(latencies, 50), "p99 ms": percentile(latencies, 99)}
    bench.say(f"{subject.name}: " + ", ".join(f"{name} {value or 0:.2f}" for name, value in values.items()))
    yield Figure(NAME, subject.name, values, note=note)


def _add(server: Server, numbers: range) -> dict[int, int]:
    """By number, the monotonic ns just before each was added."""
    answers = {}
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        due = time.monotonic()
        for number in numbers:
            time.sleep(max(0.0, due - time.monotonic()))
            due = time.monotonic() + PERIOD
            answers[number] = _ask(connection, f"/add/stamp/{number}")
    return {number: json.loads(answer.partition(b"\r\n\r\n")[2])["ns"] for number, answer in answers.items()}


def _ask(connection: socket.socket, path: str) -> bytes:
    """The answer. What is done with it comes later: it would take its time from what is measured, on the same two cores."""
    connection.sendall(f"POST {path} HTTP/1.1\r\nhost: bench\r\n\r\n".encode())
    received = b""
    while (answer := parse(received)) is None:
        received += (more := connection.recv(65_536))
        if not more:
            raise RuntimeError(f"The connection was closed after {received.decode()!r}.")
    if answer.status >= 300:
        raise RuntimeError(received.decode())
    return received


def _latencies(site: Site, added: dict[int, int]) -> list[float]:
    """In ms, growing, of those that have started; the first start counts."""
    starts: dict[int, int] = {}
    for entry in site.ledger():
        starts.setdefault(entry.number, entry.ns)
    return sorted((starts[number] - ns) / 1e6 for number, ns in added.items() if number in starts)
