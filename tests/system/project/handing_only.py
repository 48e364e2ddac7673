"""The same tasks in an application that starts no worker, and hands its jobs off by itself."""

import mill
from fastapi import FastAPI
from handing import add, several

from afterword import Afterword
from afterword.handoff.celery import Celery

app = FastAPI()
afterword = Afterword(app, worker="handoff", handoff={"heavy": Celery(mill.mill, search_every=0.5)})
app.post("/add/{name}/{number}")(add)
app.post("/several/{names}/{number}")(several)
