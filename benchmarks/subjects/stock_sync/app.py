"""As FastAPI's documentation shows it, but that the log is appended to."""

import time

from fastapi import BackgroundTasks, FastAPI

from benchmarks import work

app = FastAPI()


def write_notification(email: str, message: str = "") -> None:
    with (work.folder() / "log.txt").open(mode="a") as log:
        log.write(f"notification for {email}: {message}\n")


@app.get("/ping")
async def ping() -> dict[str, str]:
    return {"pong": ""}


@app.post("/add/{task}/{number}")
async def add(task: str, number: int, background_tasks: BackgroundTasks, seconds: float = 0) -> dict[str, int]:
    now = time.monotonic_ns()
    background_tasks.add_task(write_notification, f"{number}@example.com", message="you have news")
    return {"ns": now}


@app.post("/notifications/{email}")
async def notify(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(write_notification, email, message="you have news")
    return {"message": "Notification is on its way"}
