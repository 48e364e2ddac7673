"""Jobs that nobody will run are noticed."""

from afterword.events import Event, Unserved
from afterword.jobs.job import Job, State
from afterword.jobs.retry import Retry
from afterword.stores.memory import MemoryStore
from afterword.worker.lookout import Lookout


def job(id: str, app: str) -> Job:
    return Job(id=id, app=app, task="main:send", arguments=b"{}", added_at=0, retry=Retry(), state=State.QUEUED)


async def test_applications_that_nobody_serves_are_told_of_once() -> None:
    store, told = MemoryStore(), list[Event]()
    lookout = Lookout(store, "main:app", told.append)
    await store.add([job("1", "main:app")])
    await lookout.look()
    assert told == []

    await store.add([job("2", "app.main:app")])
    await lookout.look()
    await lookout.look()
    assert told == [Unserved("main:app", ("app.main:app",))]

    await store.beat("app.main:app")
    await lookout.look()
    assert len(told) == 1
    store.close()
