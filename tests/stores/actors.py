"""Other processes that use a store: `python -m tests.stores.actors <actor> <database> ...`. They speak in lines."""

import fcntl
import os
import resource
import signal
import sys
import threading
from pathlib import Path

from afterword import events
from afterword.errors import StoreUnavailable
from afterword.events import Event
from afterword.jobs import lifecycle
from afterword.jobs.job import Job, State
from afterword.jobs.outcome import Succeeded
from afterword.jobs.retry import Retry
from afterword.stores.sqlite import liveness
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Want
from tests.stores.stage import PATIENCE
from tests.support.processes import wait_until


def job(id: str, store: SqliteStore | None = None) -> Job:
    """Ready to start, or held by the process of `store`."""
    return Job(
        id=id,
        app="main:app",
        task="main:send",
        arguments=b'{"to":"somebody"}',
        added_at=1,
        retry=Retry(),
        state=State.HELD if store else State.QUEUED,
        owner=store.process if store else None,
    )


# The actors


def adder(database: str, name: str, log: str) -> None:
    """Adds job after job until it is told to stop; notes in `log` how many are on disk, by a byte each."""
    store = SqliteStore(database)
    store.open()
    say("ready")
    hear()
    stopped = when_told()
    with Path(log).open("ab", buffering=0) as notes:
        number = 0
        while not stopped.is_set():
            number += 1
            store.add([job(f"{name}-{number}")]).result(PATIENCE)
            notes.write(b".")
    store.close()


def claimer(database: str) -> None:
    """Claims and settles without a pause until it is told to stop; says how many."""
    store = SqliteStore(database)
    store.open()
    say("ready")
    hear()
    stopped = when_told()
    done = 0
    while not stopped.is_set():
        jobs = store.claim(Want("main:app", 50)).result(PATIENCE).jobs
        settled = store.settle([lifecycle.settle(one, Succeeded(), 1, 0.5) for one in jobs])
        store.tidy()
        done += len(settled.result(PATIENCE))
    store.close()
    say(done)


def acknowledged(database: str, name: str, log: str) -> None:
    """Adds for ever, three jobs at a time; notes in `log` the ids that are acknowledged."""
    store = SqliteStore(database)
    store.open()
    say("ready")
    with Path(log).open("a", buffering=1) as notes:
        number = 0
        while True:
            number += 1
            ids = [f"{name}-{number}-{part}" for part in range(3)]
            store.add([job(id) for id in ids]).result(PATIENCE)
            store.tidy()
            notes.write(f"{' '.join(ids)}\n")


def dying(database: str, moment: str, way: str, *ids: str) -> None:
    """Adds jobs and dies at an event of that name. `way` is "single", or "transaction": then a job of them needs a look at
    others."""

    def tell(event: Event) -> None:
        if type(event).__name__ == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    store = SqliteStore(database, tell=tell)
    first, *others = (job(id, store) for id in ids)
    first = first._replace(unique_key="only" if way == "transaction" else None)
    added = store.add([first, *others]).result(PATIENCE)
    store.release([one.key for one in added]).result(PATIENCE)
    say("still here")


def stopping(database: str, id: str) -> None:
    """Stops in the middle of a transaction, like a process in a debugger; goes on when it is continued."""

    def tell(event: Event) -> None:
        if isinstance(event, events.Written):
            say("stopping")
            os.kill(os.getpid(), signal.SIGSTOP)

    store = SqliteStore(database, tell=tell)
    store.open()
    store.add([job(id)]).result(PATIENCE)
    say("added")
    hear()
    store.close()


def holder(database: str, *ids: str) -> None:
    """Holds jobs as an API process does, claims what there is as a worker does, and waits."""
    store = SqliteStore(database)
    store.open()
    if ids:
        store.add([job(id, store) for id in ids]).result(PATIENCE)
    claimed = store.claim(Want("main:app", 100)).result(PATIENCE).jobs
    store.beat("main:app").result(PATIENCE)
    say(f"{store.life} {len(claimed)}")
    hear()
    store.close()


def stand_in(database: str, life: str) -> None:
    """Acts for another process by a lock on another byte of its file."""
    descriptor = os.open(life, os.O_RDWR)
    fcntl.lockf(descriptor, fcntl.LOCK_EX, 1, os.getpid())
    say("locked")
    hear()


def out_of_space(database: str) -> None:
    """Meets a disk on which no file can grow, then one on which they can."""
    store = SqliteStore(database)
    store.add([job("before")]).result(PATIENCE)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    large = job("large")._replace(arguments=b'"' + b"x" * 1_000_000 + b'"')
    for _ in range(3):
        try:
            store.add([large, job("beside")]).result(PATIENCE)
        except StoreUnavailable as error:
            say(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    store.add([job("after")]).result(PATIENCE)
    say([id for id in ("before", "large", "beside", "after") if store.get(id).result(PATIENCE)])
    store.close()


def forking(database: str) -> None:
    """Forks again and again while other threads add and read; each child adds with the same store object."""
    store = SqliteStore(database)
    store.open()
    stopped = threading.Event()
    added: list[str] = []

    def add() -> None:
        while not stopped.is_set():
            id = f"parent-{len(added)}"
            store.add([job(id)]).result(PATIENCE)
            store.count().result(PATIENCE)
            added.append(id)

    thread = threading.Thread(target=add)
    thread.start()
    for number in range(10):
        pid = os.fork()
        if not pid:
            own = SqliteStore(database)
            store.add([job(f"child-{number}")]).result(PATIENCE)
            assert own.get(f"child-{number}").result(PATIENCE)
            store.close()
            own.close()
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        say(os.waitstatus_to_exitcode(status))
    stopped.set()
    thread.join()
    say(len(added))
    store.close()


def forked_and_left(database: str) -> None:
    """Forks with the store open; then the parent closes its store, and the child goes on writing."""
    store = SqliteStore(database)
    (parents,) = store.add([job("parent", store)]).result(PATIENCE)
    before = store.process
    told, telling = os.pipe()
    pid = os.fork()
    if not pid:
        assert store.process != before
        store.add([job("child-1", store)]).result(PATIENCE)
        os.read(told, 1)  # The parent has closed: for SQLite, in that process, it was the last.
        store.add([job("child-2", store)]).result(PATIENCE)
        os.kill(os.getpid(), signal.SIGKILL)
    wait_until(lambda: store.get("child-1").result(PATIENCE) is not None, "the child's job")
    child = store.get("child-1").result(PATIENCE)
    assert child
    say([parents.key, child.owner != before, before == store.process])
    store.close()
    os.write(telling, b".")
    _, status = os.waitpid(pid, 0)
    say(os.waitstatus_to_exitcode(status))


def forked_while_a_lock_file_is_taken(database: str) -> None:
    """Forks with stores open while another thread opens or sweeps lock files: of that thread the child knows nothing."""
    stores = [SqliteStore(database) for _ in range(8)]
    for store in stores:
        store.open()
    taken, over = threading.Event(), threading.Event()

    def take() -> None:
        with liveness._changing:
            taken.set()
            over.wait()

    threading.Thread(target=take, daemon=True).start()
    taken.wait()
    pid = os.fork()
    if not pid:
        stores[0].add([job("child")]).result(PATIENCE)
        os._exit(0)
    over.set()
    try:
        wait_until(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None, "the end of the child")
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        _, status = os.waitpid(pid, 0)
        say(os.waitstatus_to_exitcode(status))
    for store in stores:
        store.close()


# Lines


def say(what: object) -> None:
    print(what, flush=True)


def when_told() -> threading.Event:
    """Set when a line comes."""
    told = threading.Event()

    def listen() -> None:
        hear()
        told.set()

    threading.Thread(target=listen, daemon=True).start()
    return told


def hear() -> None:
    """Wait for a line, or the end of whoever would write it."""
    sys.stdin.readline()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
