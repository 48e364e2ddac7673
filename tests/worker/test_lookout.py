"""Jobs that nobody will run are noticed."""

from afterword.events import Event, Unkept, Unserved
from afterword.jobs.job import Job, State
from afterword.jobs.retry import Retry
from afterword.stores.memory import MemoryStore
from afterword.worker.lookout import Lookout, seek


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


async def test_an_application_that_keeps_no_worker_is_told_of_where_none_lives() -> None:
    store, told = MemoryStore(), list[Event]()
    await store.beat("main:app")
    await seek(store, "main:app", told.append)
    assert told == []

    await seek(store, "main:sub", told.append)
    assert told == [Unkept("main:sub")]
    store.close()
