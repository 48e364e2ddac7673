"""The application of a team that has Celery: its tasks are handed off, or given to Celery directly.

It is copied into the demo's folder, beside the samples, and is never imported from here.
"""

import os

import celery  # type: ignore[import-untyped]
from everything import image, mail, notification  # type: ignore[import-not-found]  # One of the samples.
from fastapi import FastAPI

from afterword import Afterword, BackgroundTasks
from afterword.handoff.celery import Celery, install

BROKER = os.environ["REDIS_URL"]

WORKS = (notification, mail, image)

celery_app = celery.Celery("demo", broker=BROKER, backend=BROKER)
install(celery_app)

app = FastAPI()
Afterword(app, handoff={"default": Celery(celery_app)})


@app.post("/customers/{number}", status_code=202)
async def welcome(number: int, background_tasks: BackgroundTasks) -> dict[str, int]:
    for work in WORKS:
        background_tasks.add_task(work, number)
    return {"customer": number}


direct = [celery_app.task(work, name=work.__name__) for work in WORKS]


@app.post("/direct/customers/{number}", status_code=202)
def welcome_directly(number: int) -> dict[str, int]:
    for celery_task in direct:
        celery_task.delay(number)
    return {"customer": number}
