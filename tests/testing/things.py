"""An application with tasks, as a user of afterword.testing would have it."""

import datetime

from fastapi import FastAPI

from afterword import Afterword, BackgroundTasks, Retry, task

ran: list[object] = []


def remember(what: object) -> None:
    ran.append(what)


def dated(day: datetime.date, *, note: str = "") -> str:
    ran.append((day, note))
    return f"{day} {note}"


@task(name="mail", retry=Retry(attempts=3, delay=60.0))
async def flaky(until: int) -> int:
    ran.append("tried")
    if ran.count("tried") < until:
        raise ConnectionError("the server is away")
    return len(ran)


def application(store: str | None) -> FastAPI:
    app = FastAPI()
    Afterword(app, store=store, application="tests.testing.things:app")

    @app.post("/remember")
    async def remembering(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(remember, "plain")
        background_tasks.add_task(dated, datetime.date(2026, 1, 2), note="x")

    @app.post("/flaky/{until}")
    async def trying(until: int, background_tasks: BackgroundTasks) -> str:
        return background_tasks.add_task(flaky, until).id

    @app.post("/closure")
    async def closing(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(lambda: ran.append("closure"))

    @app.post("/tuple")
    async def losing(background_tasks: BackgroundTasks) -> None:
        background_tasks.add_task(remember, (1, 2))

    return app
