"""What becomes of jobs that Celery or RQ run. Beside each fault, where that can be compared, stand the same tasks sent
straight to the engine by the endpoint, as people do it without afterword."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx
import pytest

from afterword.jobs.job import State
from tests.faults.conftest import Count
from tests.faults.oracle import Tally, judge
from tests.faults.proxy import Proxy
from tests.faults.test_kills import kill, wait_for_a_start_after
from tests.support.processes import PATIENCE, runners, wait_until, workers
from tests.system.engines import Engines, engines
from tests.system.site import Server, Site

LAST = 999
"""Number of a task that is sent last: what has not ended before it never will."""


class Way(NamedTuple):
    """How a task comes to an engine."""

    name: str
    engine: str
    ours: bool
    path: str


CELERY = Way("celery", "celery", True, "add/grind_unordered")
RQ = Way("rq", "rq", True, "add/write_unordered")
CELERYS_OWN = Way("celery-own", "celery", True, "add/polish")
RQS_OWN = Way("rq-own", "rq", True, "add/publish")
DELAY = Way("celery.delay", "celery", False, "delay")
ENQUEUE = Way("queue.enqueue", "rq", False, "enqueue")


def fault(injected: str, promised: str, *ways: Way, long: tuple[Way, ...] = ()) -> pytest.MarkDecorator:
    """One row for each way."""

    def row(way: Way) -> Any:
        sent = promised if way.ours else f"for comparison: `{way.name}()` in the endpoint; nothing is promised"
        marks = [pytest.mark.fault(injected, sent), *([pytest.mark.long] if way in long else [])]
        return pytest.param(way, id=way.name, marks=marks)

    return pytest.mark.parametrize("way", [row(way) for way in (*ways, *long)])


@dataclass
class Chain:
    """From requests to an engine's worker and back, and what the client knows."""

    site: Site
    engines: Engines
    way: Way
    accepted: set[int] = field(default_factory=set)

    def serve(self, broker: str | None = None) -> Server:
        self.server = self.site.serve("handing:app", BROKER=broker or self.engines.broker.url)
        return self.server

    def worker(self, *options: str, concurrency: int = 2) -> Any:
        """One of the engine's."""
        if self.way.engine == "rq":
            return self.engines.rq()
        return self.engines.celery(*options, concurrency=concurrency, name=f"w{time.monotonic_ns()}")

    def add(self, numbers: range, seconds: float = 0.0) -> None:
        for number in numbers:
            if self._send(number, seconds):
                self.accepted.add(number)

    def handed_off(self) -> int:
        """How many are in the engine's hands."""
        return sum(1 for job in self.site.jobs().values() if job.state is State.HANDED_OFF)

    def wait_until_sent(self) -> None:
        """Until the engine has all that was accepted."""
        if self.way.ours:
            wait_until(lambda: self.handed_off() == len(self.accepted), "the hand-off")

    def finish(self, *, twice_at_most: int = 0, failing: bool = False, recovery: float | None = None) -> Tally:
        """What it has cost, once everything has ended that will."""
        if self.way.ours:
            self.site.wait_until_finished(len(self.accepted))
            failed = self.accepted if failing else set()
            return judge(self.site, self.accepted, twice_at_most=twice_at_most, failing=failed, recovery=recovery)
        self._wait_for_the_last()
        ends = self.site.ends()
        lost = [number for number in self.accepted if not ends[number]]
        twice = [number for number in self.accepted if ends[number] > 1]
        return Tally(len(self.accepted), len(self.accepted) - len(lost), len(lost), len(twice), recovery)

    def _wait_for_the_last(self) -> None:
        with self.engines.broker.client() as client:
            keys = ("celery",) if self.way.engine == "celery" else ("rq:queue:reports",)
            wait_until(lambda: not any(client.llen(key) for key in keys) and not client.hlen("unacked"), "an empty broker")
        assert self._send(LAST, 0.0)
        self.site.wait_for([LAST])

    def _send(self, number: int, seconds: float) -> bool:
        url = f"{self.server.address}/{self.way.path}/{number}"
        return httpx.post(url, params={"seconds": seconds}, timeout=PATIENCE).status_code == 200


@pytest.fixture
def chain(site: Site, way: Way) -> Iterator[Chain]:
    with engines(site) as made:
        yield Chain(site, made, way)


@pytest.fixture
def proxy(chain: Chain) -> Iterator[Proxy]:
    """The way of the application to the broker; the engine's workers go straight to it."""
    made = Proxy(chain.engines.broker.port)
    yield made
    made.cut()


# The broker


@fault(
    "the broker is not there; requests come; then it comes, too",
    "every request is accepted, its task waits here, and runs once",
    CELERY,
    long=(RQ, DELAY, ENQUEUE),
)
def test_broker_away_at_add(chain: Chain, tally: Count) -> None:
    chain.engines.broker.kill()
    chain.serve()
    chain.add(range(8 if chain.way.ours else 2))  # Without us each request takes a quarter of a minute, and fails.
    moment = time.monotonic()
    chain.engines.broker.start()
    chain.worker(concurrency=1)
    if not chain.way.ours:
        tally(chain.finish())
        return
    assert len(chain.accepted) == 8
    recovery = wait_for_a_start_after(chain.site, moment)
    tally(chain.finish(recovery=recovery))


@fault(
    "the connection to the broker breaks while jobs are handed off, and for two seconds there is no other",
    "what could not be handed off waits here; all runs once",
    CELERY,
    long=(RQ, DELAY, ENQUEUE),
)
def test_broker_away_at_hand_off(chain: Chain, proxy: Proxy, tally: Count) -> None:
    chain.worker(concurrency=1)
    chain.serve(proxy.url)
    chain.add(range(10))
    chain.site.wait_for([0])
    proxy.cut()
    chain.add(range(10, 16 if chain.way.ours else 12))
    if chain.way.ours:
        wait_until(lambda: any("is away" in (job.error or "") for job in chain.site.jobs().values()), "that it is noticed")
    else:
        time.sleep(2.0)
    moment = time.monotonic()
    proxy.open()
    chain.add(range(16, 20))
    recovery = wait_for_a_start_after(chain.site, moment)
    tally(chain.finish(recovery=recovery))


@fault(
    "SIGKILL to a broker without persistence, with tasks waiting in it; a new one is started",
    "they are written down here, and are handed off again once the restart is seen",
    CELERY,
    RQS_OWN,
    long=(RQ, CELERYS_OWN, DELAY, ENQUEUE),
)
def test_kill9_broker(chain: Chain, tally: Count) -> None:
    chain.serve()
    chain.add(range(30 if chain.way.engine == "celery" else 10))  # RQ's worker imports the application for each.
    chain.wait_until_sent()
    chain.engines.broker.kill()
    chain.engines.broker.start()
    moment = time.monotonic()
    chain.worker(concurrency=1)
    if not chain.way.ours:
        tally(chain.finish())
        return
    recovery = wait_for_a_start_after(chain.site, moment)
    tally(chain.finish(recovery=recovery))


@fault(
    "SIGKILL to a broker without persistence, while tasks run",
    "what it had is handed off again; what had ended, and was not yet heard of, runs twice",
    long=(CELERY, RQ, DELAY, ENQUEUE),
)
def test_kill9_broker_while_tasks_run(chain: Chain, tally: Count) -> None:
    chain.serve()
    worker = chain.worker()
    chain.add(range(60 if chain.way.engine == "celery" else 20), seconds=0.1)
    chain.site.wait_for([4], "start")
    chain.engines.broker.kill()
    chain.engines.broker.start()
    moment = time.monotonic()
    if chain.way.engine == "rq":  # RQ's worker ends with its server, or waits for up to a minute.
        chain.engines.kill(worker)
        chain.worker()
    recovery = None if not chain.way.ours else wait_for_a_start_after(chain.site, moment)
    # At most what ended in the half second between two looks, what ran, and what was being fetched.
    tally(chain.finish(twice_at_most=20, recovery=recovery))


# Their workers


@fault(
    "SIGKILL to a Celery worker and its processes, which acknowledge early, in the middle of their tasks; another is started",
    "what had begun is seen to have died when its lease runs out, and is tried again",
    CELERY,
    long=(DELAY,),
)
def test_kill9_celery_worker_early_ack(chain: Chain, tally: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_a_worker(chain, tally, monkeypatch)


@fault(
    "the same to a Celery worker that acknowledges late",
    "Celery gives them to another worker, or they are handed off again: all run",
    long=(CELERY, DELAY),
)
def test_kill9_celery_worker_late_ack(chain: Chain, tally: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACKS_LATE", "1")
    kill_a_worker(chain, tally, monkeypatch)


@fault(
    "SIGKILL to an RQ worker and its work horse, in the middle of a task; another is started",
    "the task is seen to have died when its lease runs out, and is tried again",
    RQ,
    long=(ENQUEUE,),
)
def test_kill9_rq_worker(chain: Chain, tally: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    kill_a_worker(chain, tally, monkeypatch)


def kill_a_worker(chain: Chain, tally: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    if not chain.way.ours:  # For Celery, whose default is an hour: until then it keeps what the dead worker had fetched.
        monkeypatch.setenv("VISIBILITY_TIMEOUT", "4")
    worker = chain.worker()
    chain.serve()
    chain.add(range(12 if chain.way.engine == "celery" else 5), seconds=0.3)
    chain.site.wait_for([1], "start")
    chain.engines.kill(worker)
    moment = time.monotonic()
    if not chain.way.ours:
        time.sleep(5.0)
    chain.worker(concurrency=1)
    recovery = wait_for_a_start_after(chain.site, moment)
    # Each process may have been killed between its task's end and its word of it.
    tally(chain.finish(twice_at_most=2, recovery=recovery))


# What is lost on the way


@fault(
    "of three hand-offs the broker takes the message, and the connection ends before its reply",
    "they are handed off again, and their first messages do nothing: all run once",
    CELERY,
    RQ,
    long=(CELERYS_OWN, RQS_OWN, DELAY, ENQUEUE),
)
def test_publish_reply_lost(chain: Chain, proxy: Proxy, tally: Count) -> None:
    chain.serve(proxy.url)
    proxy.lose_replies(3)
    chain.add(range(8))
    wait_until(lambda: not proxy.left, "the loss of three replies")
    chain.worker(concurrency=1)
    tally(chain.finish())


@fault(
    "results expire while no worker of ours lives",
    "what our tasks came to is known all the same; of an engine's own task it is said that its result is gone",
    CELERY,
    CELERYS_OWN,
    long=(RQ,),
)
def test_result_expired(chain: Chain, tally: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESULT_EXPIRES", "1")
    server = chain.serve()
    chain.add(range(6))
    chain.wait_until_sent()
    (worker,) = workers(server.pid)
    kill(server.pid, worker, *runners(worker))
    server.process.wait()
    chain.worker(concurrency=1)
    chain.site.wait_for(range(6))
    with chain.engines.broker.client() as client:
        if chain.way.engine == "rq":  # We ask it for a week; somebody deletes them.
            wait_until(lambda: not client.llen("rq:queue:reports") and not client.zcard("rq:wip:reports"), "the last word")
            client.delete(*client.keys("rq:job:*"), *client.keys("rq:results:*"))
        wait_until(lambda: not client.keys("celery-task-meta-*"), "the results to expire")
    chain.serve()
    tally(chain.finish(failing=chain.way is CELERYS_OWN))
    if chain.way is CELERYS_OWN:
        assert all("no result of it" in (job.error or "") for job in chain.site.jobs().values())
    else:
        assert all(job.result == str(number).encode() for number, job in chain.site.jobs().items())
