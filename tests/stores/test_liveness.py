"""Whether a process lives."""

import fcntl
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from afterword.stores.sqlite.liveness import ProcessLock, lives, sweep

# Newer Pythons warn of it. These children call nothing that another thread of their parent could have locked.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

Take = Callable[[], tuple[str, ProcessLock]]


@pytest.fixture
def take(tmp_path: Path) -> Iterator[Take]:
    """A new process in this very process."""
    locks = []

    def take() -> tuple[str, ProcessLock]:
        process = uuid.uuid4().hex
        lock = ProcessLock(tmp_path / f"{process}.lock", process)
        locks.append(lock)
        lock.take()
        return process, lock

    yield take
    for lock in locks:
        lock.free()


def in_a_child(look: Callable[[], bool]) -> bool:
    """What a forked child of this process sees, which is no owner of its locks."""
    pid = os.fork()
    if not pid:
        os._exit(int(look()))
    return bool(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


@pytest.mark.process
def test_a_living_process_is_seen_by_itself_and_by_others(take: Take, tmp_path: Path) -> None:
    process, _ = take()
    assert lives(process, tmp_path)
    assert in_a_child(lambda: lives(process, tmp_path))


@pytest.mark.process
def test_one_that_is_dropped_is_dead_to_all(take: Take, tmp_path: Path) -> None:
    process, lock = take()
    lock.drop()
    assert not lives(process, tmp_path)
    assert not in_a_child(lambda: lives(process, tmp_path))
    assert (tmp_path / f"{process}.lock").exists()


@pytest.mark.process
def test_asking_takes_nothing_away(take: Take, tmp_path: Path) -> None:
    """A process loses its lock when it closes any descriptor of the file: so it must not look at its own."""
    process, _ = take()
    for _ in range(3):
        assert lives(process, tmp_path)
        sweep(tmp_path)
    assert in_a_child(lambda: lives(process, tmp_path))


def test_one_without_a_file_is_dead(tmp_path: Path) -> None:
    assert not lives(uuid.uuid4().hex, tmp_path)


def test_a_process_that_leaves_takes_its_file_along(take: Take, tmp_path: Path) -> None:
    process, lock = take()
    lock.free()
    lock.free()
    assert not lives(process, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_files_of_the_dead_are_swept_away_and_no_others(take: Take, tmp_path: Path) -> None:
    living, _ = take()
    dead, lock = take()
    lock.drop()
    others = ["gate.lock", "worker-0123456789abcdef.lock", "note.txt"]
    for name in (*others, f"{living}.wake", f"{dead}.wake"):
        (tmp_path / name).touch()
    sweep(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == sorted([*others, f"{living}.lock", f"{living}.wake"])


@pytest.mark.process
def test_a_lock_on_a_file_that_was_swept_away_is_taken_anew(take: Take, tmp_path: Path) -> None:
    """As when a sweeper comes between the opening of a file and its locking."""
    process, lock = take()
    lock.drop()
    sweep(tmp_path)
    lock.take()
    assert in_a_child(lambda: lives(process, tmp_path))


@pytest.fixture
def stand_in() -> Iterator[Callable[[Path], int]]:
    """A child that locks another byte of a file, until it is killed."""
    pids = []

    def stand_in(path: Path) -> int:
        ready, tell_ready = os.pipe()
        pid = os.fork()
        if not pid:
            fcntl.lockf(os.open(path, os.O_RDWR), fcntl.LOCK_EX, 1, 1000)
            os.write(tell_ready, b".")
            signal.pause()
        pids.append(pid)
        os.read(ready, 1)
        os.close(ready)
        os.close(tell_ready)
        return pid

    yield stand_in
    for pid in pids:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


@pytest.mark.process
def test_a_file_is_left_to_whoever_acts_for_its_process(take: Take, tmp_path: Path, stand_in: Callable[[Path], int]) -> None:
    process, lock = take()
    pid = stand_in(tmp_path / f"{process}.lock")
    lock.free()
    assert lives(process, tmp_path)
    sweep(tmp_path)
    assert lives(process, tmp_path)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert not lives(process, tmp_path)
