"""An application that welcomes each new user by e-mail, and keeps trying while the mail server is away.

The client is answered at once; the mail leaves in another process. Should that be killed in the middle of it, the mail is
sent again: better two welcomes than none.

Run it with `uvicorn welcome_mail:app` in this folder, beside any SMTP server: `python -m aiosmtpd -n -l localhost:1025` prints
what it gets. Then `curl localhost:8000/users --json '{"name": "Ada", "email": "ada@example.com"}'`.
"""

import os
import smtplib
from email.message import EmailMessage
from email.utils import formataddr

from fastapi import FastAPI
from pydantic import BaseModel, Field

from afterword import Afterword, BackgroundTasks, Retry, task

SMTP_HOST = os.environ.get("SMTP_HOST", "localhost")
SMTP_PORT = int(os.environ.get("SMTP_PORT", "1025"))
SMTP_RETRY_DELAY = float(os.environ.get("SMTP_RETRY_DELAY", "10"))

app = FastAPI()
Afterword(app)


class User(BaseModel):
    name: str = Field(pattern=r"^[^\r\n]+$")
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")


# Tried for more than an hour, with growing pauses. What smtplib raises is an OSError too; anything else is our own mistake.
@task(retry=Retry(attempts=10, delay=SMTP_RETRY_DELAY, on=OSError))
def send_welcome(user: User) -> None:
    message = EmailMessage()
    message["From"] = "welcome@example.com"
    message["To"] = formataddr((user.name, user.email))
    message["Subject"] = f"Welcome, {user.name}"
    message.set_content(f"Dear {user.name},\n\nit is good to have you with us.\n")
    with smtplib.SMTP(SMTP_HOST, SMTP_PORT, timeout=10) as server:
        server.send_message(message)


@app.post("/users", status_code=201)
async def register(user: User, background_tasks: BackgroundTasks) -> User:
    # Here the user would be saved.
    background_tasks.add_task(send_welcome, user)
    return user
