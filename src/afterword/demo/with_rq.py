"""The application of a team that has RQ: its tasks are handed off, or given to RQ directly.

It is copied into the demo's folder, beside the samples, and is never imported from here.
"""

import os

import everything  # type: ignore[import-not-found]  # One of the samples.
from everything import image, mail, notification
from fastapi import FastAPI
from redis import Redis
from rq import Queue

from afterword import Afterword, BackgroundTasks
from afterword.handoff.rq import RQ

REDIS_URL = os.environ["REDIS_URL"]

WORKS = (notification, mail, image)

everything.who = os.getppid  # RQ's worker forks a process for each task: it is the worker that is to be noted.

queue = Queue(connection=Redis.from_url(REDIS_URL))

app = FastAPI()
# Nobody who watches a demo wants to wait the usual half minute until what a restarted server does not know is given up there.
Afterword(app, handoff={"default": RQ(queue, lease=5.0)})


@app.post("/customers/{number}", status_code=202)
async def welcome(number: int, background_tasks: BackgroundTasks) -> dict[str, int]:
    for work in WORKS:
        background_tasks.add_task(work, number)
    return {"customer": number}


@app.post("/direct/customers/{number}", status_code=202)
def welcome_directly(number: int) -> dict[str, int]:
    for work in WORKS:
        queue.enqueue(work, number)
    return {"customer": number}
