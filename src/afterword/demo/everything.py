"""The application that the demo serves: each POST adds one task of every sample.

It is copied into the demo's folder, beside the samples, and is never imported from here.
"""

import os
from pathlib import Path

from fastapi import FastAPI

from afterword import Afterword, BackgroundTasks
from examples.images import make_smaller
from examples.notifications import write_log
from examples.welcome_mail import User, send_welcome

app = FastAPI()
Afterword(app)

who = os.getpid
"""Tells which process runs a task."""


@app.post("/customers/{number}", status_code=202)
async def welcome(number: int, background_tasks: BackgroundTasks) -> dict[str, int]:
    background_tasks.add_task(notification, number)
    background_tasks.add_task(mail, number)
    background_tasks.add_task(image, number)
    return {"customer": number}


def image(number: int) -> None:
    make_smaller(Path("portrait.jpg"), Path("small", f"{number}.jpg"))
    note("image", number)


def mail(number: int) -> None:
    send_welcome(User(name=f"Customer {number}", email=f"{number}@example.com"))
    note("mail", number)


def notification(number: int) -> None:
    write_log(f"customer {number} was welcomed")
    note("notification", number)


def note(kind: str, number: int) -> None:
    """One line, in one write, so that the lines of many processes do not mix."""
    ledger = os.open("ledger.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(ledger, f"{kind} {number} {who()}\n".encode())
    finally:
        os.close(ledger)
