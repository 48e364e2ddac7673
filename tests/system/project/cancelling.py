"""Cancels what is about to be claimed, again and again, while others run it. Prints the ids of what it has cancelled."""

from pathlib import Path

from afterword.jobs.job import State
from afterword.stores.sqlite.store import SqliteStore
from afterword.stores.store import Change, Query

if __name__ == "__main__":
    store = SqliteStore("afterword.db")
    print("ready", flush=True)
    while not Path("ledger.txt").exists():
        pass
    while waiting := store.find(Query(states=(State.QUEUED, State.RUNNING), limit=10_000)).result():
        queued = [job for job in waiting if job.state is State.QUEUED]
        changed = store.change(Change.CANCEL, [job.id for job in queued[-1:]]).result()
        for job in changed:
            if job and job.state is State.CANCELLED:
                print(job.id, flush=True)
    store.close()
