"""As the README shows it."""

import time

from fastapi import FastAPI

from afterword import Afterword, BackgroundTasks
from benchmarks.subjects.afterword.tasks import BY_NAME, LONG, write_notification

app = FastAPI()
afterword = Afterword(app)


@app.get("/ping")
async def ping() -> dict[str, str]:
    return {"pong": ""}


@app.post("/add/{task}/{number}")
async def add(task: str, number: int, background_tasks: BackgroundTasks, seconds: float = 0) -> dict[str, int]:
    now = time.monotonic_ns()
    if task in LONG:
        background_tasks.add_task(BY_NAME[task], number, seconds)
    else:
        background_tasks.add_task(BY_NAME[task], number)
    return {"ns": now}


@app.post("/notifications/{email}")
async def notify(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(write_notification, email, message="you have news")
    return {"message": "Notification is on its way"}
