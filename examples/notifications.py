"""An application that writes notes to log.txt after it has answered: from an endpoint, and from a dependency and the endpoint.

With FastAPI's own BackgroundTasks it would read the same but for two lines: the import below, and `Afterword(app)`.

Run it with `uvicorn notifications:app` in this folder, then `curl -X POST localhost:8000/reminders/ada@example.com?about=tea`.
"""

from typing import Annotated

from fastapi import Depends, FastAPI

from afterword import Afterword, BackgroundTasks

app = FastAPI()
Afterword(app)


def write_notification(email: str, message: str = "") -> None:
    """Replaces the log by this one notification."""
    with open("log.txt", mode="w") as log:
        log.write(f"notification for {email}: {message}\n")


def write_log(message: str) -> None:
    """Adds a line to the log."""
    with open("log.txt", mode="a") as log:
        log.write(f"{message}\n")


def note_topic(background_tasks: BackgroundTasks, about: str | None = None) -> str | None:
    """What the client asks about; where it says so, that too is noted."""
    if about:
        background_tasks.add_task(write_log, f"asked about {about}")
    return about


@app.post("/notifications/{email}")
async def notify(email: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(write_notification, email, message="you have news")
    return {"message": "Notification is on its way"}


@app.post("/reminders/{email}")
async def remind(
    email: str, background_tasks: BackgroundTasks, topic: Annotated[str | None, Depends(note_topic)]
) -> dict[str, str]:
    background_tasks.add_task(write_log, f"reminded {email}")
    return {"message": f"Reminder about {topic or 'nothing'} is on its way"}
