"""The same tasks in an application that a function makes; its engine comes along with a task, or is named."""

import os

import mill
from fastapi import FastAPI
from handing import add

from afterword import Afterword
from afterword.handoff.celery import Celery


def create_app() -> FastAPI:
    app = FastAPI()
    engines = {} if "NO_ENGINES" in os.environ else {"heavy": Celery(mill.mill, search_every=0.5)}
    Afterword(app, handoff=engines)
    app.post("/add/{name}/{number}")(add)
    return app
