"""The server of RQ is away, hangs, is killed, or is emptied."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from afterword.handoff.engine import EngineAway, Gone, Underway
from afterword.jobs.outcome import Succeeded
from tests.handoff.rq.bench import Bench, bench
from tests.support.processes import wait_until
from tests.support.valkey import Valkey, valkey

pytestmark = pytest.mark.process


@pytest.fixture
def server() -> Iterator[Valkey]:
    with valkey() as server:
        yield server


@pytest.fixture
def site(server: Valkey, tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, server.url) as site:
        yield site


def test_while_it_is_away_nothing_is_handed_off_and_nothing_asked(server: Valkey, site: Bench) -> None:
    handed = site.offer("double", number=1)
    server.kill()
    away = rf"Redis at 127\.0\.0\.1:{server.port}/0 cannot be reached: "
    with pytest.raises(EngineAway, match=away):
        site.offer("double", number=2)
    with pytest.raises(EngineAway, match=away):
        site.look(handed)
    with pytest.raises(EngineAway, match=away):
        site.engine.cancel([handed])
    server.start()
    site.worker()
    assert site.end(site.offer("double", number=3)) == Succeeded(b"6")


def test_one_that_hangs_is_away(server: Valkey, site: Bench) -> None:
    pid = int(site.client.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(EngineAway):
        site.offer("double", number=1)
    assert time.monotonic() - began < 25
    os.kill(pid, signal.SIGCONT)


def test_what_it_lost_is_gone(server: Valkey, site: Bench) -> None:
    handed = site.offer("double", number=1)
    assert site.look(handed) == Underway(False)
    server.kill()
    server.start()
    assert site.end(handed) == Gone("its Redis was restarted, and has it no more")
    site.worker()
    assert site.end(site.offer("double", id=handed.id, token=3, number=1)) == Succeeded(b"2")


def test_what_runs_meanwhile_is_not(server: Valkey, site: Bench) -> None:
    site.worker()
    handed = site.offer("hold", name="it")
    site.wait_for("hold it")
    server.kill()
    server.start()
    assert site.look(handed) == Underway(False)
    wait_until(lambda: site.look(handed) == Underway(True, f"{site.ledger.parent.name}-0"), "its lease")
    site.let_go("it")
    assert site.end(handed) == Succeeded(b'"it"')
    assert site.lines() == ["hold it", "held it"]


def test_what_was_thrown_out_of_it_is_gone(site: Bench) -> None:
    handed = site.offer("double", number=1)
    site.client.flushall()
    assert site.look(handed) == Gone("its Redis was emptied: even the note that it was handed off is gone")
