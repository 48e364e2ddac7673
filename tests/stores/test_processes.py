"""Several processes on one file: none starves, none is lost, whoever dies is noticed."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from afterword.errors import StoreUnavailable
from afterword.jobs.job import State
from afterword.stores.sqlite import gate
from afterword.stores.sqlite.store import SqliteStore
from tests.stores import actors
from tests.stores.actors import job
from tests.stores.stage import PATIENCE, act
from tests.support.processes import wait_until

pytestmark = pytest.mark.process


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def store(database: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(database)
    store.open()
    yield store
    store.close()


def there(store: SqliteStore, *ids: str) -> list[bool]:
    return [store.get(id).result(PATIENCE) is not None for id in ids]


def check_integrity(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_four_writers_and_a_busy_worker_all_make_progress(store: SqliteStore, tmp_path: Path, database: Path) -> None:
    logs = [tmp_path / f"{name}.log" for name in "abcd"]

    def commits() -> list[int]:
        return [log.stat().st_size if log.exists() else 0 for log in logs]

    with ExitStack() as stack:
        writers = [stack.enter_context(act(actors.adder, database, log.stem, log)) for log in logs]
        worker = stack.enter_context(act(actors.claimer, database))
        for actor in (*writers, worker):
            assert actor.heard() == "ready"
        for actor in (*writers, worker):
            actor.tell("go")
        wait_until(lambda: sum(commits()) >= 600, "600 commits", PATIENCE)
        counted = commits()
        for actor in (*writers, worker):
            actor.tell("stop")
        done = int(worker.heard())
        assert [actor.ended() for actor in (*writers, worker)] == [0] * 5
    assert min(counted) >= sum(counted) / len(counted) / 5, counted
    assert done >= min(counted)
    counts = store.count().result(PATIENCE)
    assert counts[State.SUCCEEDED] == done
    assert counts[State.SUCCEEDED] + counts[State.QUEUED] == sum(commits())


@pytest.mark.parametrize(("moment", "written"), [("Written", False), ("Added", True), ("Released", True)])
@pytest.mark.parametrize("way", ["single", "transaction"])
def test_killed_at_any_moment_all_is_there_or_nothing(
    store: SqliteStore, database: Path, moment: str, written: bool, way: str
) -> None:
    with act(actors.dying, database, moment, way, "a", "b", "c") as actor:
        assert actor.heard() == ""
        assert actor.ended() == -signal.SIGKILL
    assert there(store, "a", "b", "c") == [written] * 3
    rescued = store.rescue().result(PATIENCE)
    assert len(rescued) == (3 if moment == "Added" else 0)
    assert store.count().result(PATIENCE)[State.QUEUED] == (3 if written else 0)


def test_after_a_storm_of_kills_all_that_was_acknowledged_is_there(store: SqliteStore, tmp_path: Path, database: Path) -> None:
    log = tmp_path / "acknowledged.log"
    log.touch()
    with ExitStack() as stack:
        running = [stack.enter_context(act(actors.acknowledged, database, f"first-{number}", log)) for number in range(3)]
        for kill in range(12):
            goal = log.stat().st_size + 400
            wait_until(lambda goal=goal: log.stat().st_size >= goal, "some more acknowledged jobs")  # type: ignore[misc]
            victim = running[kill % 3]
            victim.kill()
            victim.ended()
            running[kill % 3] = stack.enter_context(act(actors.acknowledged, database, f"later-{kill}", log))
    calls = [line.split() for line in log.read_text().splitlines()]
    assert all(all(there(store, *call)) for call in calls)
    counts = store.count().result(PATIENCE)
    assert counts[State.QUEUED] % 3 == 0  # No call is there in part, acknowledged or not.
    assert counts[State.QUEUED] >= sum(map(len, calls)) > 0
    store.close()
    check_integrity(database)


def test_a_death_is_noticed_at_once(store: SqliteStore, database: Path) -> None:
    store.add([job("ready")]).result(PATIENCE)
    with act(actors.holder, database, "held") as actor:
        life = Path(actor.heard().split()[0])
        assert list(store.rescue().result(PATIENCE)) == []
        assert [seen.pid for seen in store.workers().result(PATIENCE)] == [actor.pid]
        actor.kill()
        actor.ended()
        assert list(store.workers().result(PATIENCE)) == []
        rescued = {one.id: one for one in store.rescue().result(PATIENCE)}
    assert rescued["held"].state is State.QUEUED
    assert (rescued["ready"].state, rescued["ready"].lost) == (State.QUEUED, 1)
    assert not life.exists()


def test_a_stopped_process_has_not_died(store: SqliteStore, database: Path) -> None:
    with act(actors.holder, database, "held") as actor:
        actor.heard()
        actor.kill(signal.SIGSTOP)
        assert list(store.rescue().result(PATIENCE)) == []
        actor.kill(signal.SIGCONT)


def test_a_dead_worker_lives_on_while_somebody_acts_for_it(store: SqliteStore, database: Path) -> None:
    store.add([job("ready")]).result(PATIENCE)
    with act(actors.holder, database) as worker:
        life, claimed = worker.heard().split()
        assert claimed == "1"
        with act(actors.stand_in, database, life) as runner:
            assert runner.heard() == "locked"
            worker.kill()
            worker.ended()
            assert list(store.rescue().result(PATIENCE)) == []
            runner.kill()
            runner.ended()
            assert [one.id for one in store.rescue().result(PATIENCE)] == ["ready"]


def test_a_writer_that_is_stopped_in_its_transaction_is_named_and_waited_for(
    store: SqliteStore, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "PATIENCE", 0.3)
    impatient = SqliteStore(database)
    impatient.open()
    with act(actors.stopping, database, "slow") as actor:
        assert actor.heard() == "stopping"
        for id in ("refused", "refused again"):
            with pytest.raises(StoreUnavailable, match=f"process {actor.pid} has kept it from all others"):
                impatient.add([job(id)]).result(PATIENCE)
        actor.kill(signal.SIGCONT)
        assert actor.heard() == "added"
        impatient.add([job("welcome")]).result(PATIENCE)
        assert there(impatient, "slow", "refused", "refused again", "welcome") == [True, False, False, True]
    impatient.close()


def test_a_full_disk_is_said_and_survived(database: Path) -> None:
    with act(actors.out_of_space, database) as actor:
        for _ in range(3):
            assert f"The store at {database} cannot be used: " in actor.heard()
        assert actor.heard() == "['before', 'after']"
        assert actor.ended() == 0
    check_integrity(database)


def test_forks_in_the_middle_of_writing(store: SqliteStore, database: Path) -> None:
    with act(actors.forking, database) as actor:
        assert [actor.heard() for _ in range(10)] == ["0"] * 10
        added = int(actor.heard())
        assert actor.ended() == 0
    assert all(there(store, *(f"child-{number}" for number in range(10))))
    assert store.count().result(PATIENCE)[State.QUEUED] == added + 10
    store.close()
    check_integrity(database)


def test_a_fork_while_another_thread_takes_or_sweeps_lock_files(store: SqliteStore, database: Path) -> None:
    with act(actors.forked_while_a_lock_file_is_taken, database) as actor:
        assert actor.heard() == "0"
        assert actor.ended() == 0
    assert there(store, "child") == [True]


def test_a_forked_child_is_a_process_of_its_own_for_sqlite_too(database: Path) -> None:
    with act(actors.forked_and_left, database) as actor:
        assert actor.heard() == "[1, True, True]"
        assert actor.heard() == str(-signal.SIGKILL)
        assert actor.ended() == 0
    store = SqliteStore(database)
    assert there(store, "parent", "child-1", "child-2") == [True, True, True]
    assert sorted(one.id for one in store.rescue().result(PATIENCE)) == ["child-1", "child-2", "parent"]
    store.close()
