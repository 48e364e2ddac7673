"""Tasks that would never end, each in its own way, and one beside them that does."""

import asyncio
import ctypes
import os
import time

from fastapi import FastAPI
from ledger import note

from afterword import Afterword, BackgroundTasks, Retry, task

app = FastAPI()
Afterword(app)

limited = task(timeout=0.5, retry=Retry(attempts=2, delay=0.01), ordered=False)


@limited
def sleeping(number: int) -> None:
    note(number, "start")
    time.sleep(3600)


@limited
def spinning(number: int) -> None:
    note(number, "start")
    while True:
        pass


@limited
def reading(number: int) -> None:
    note(number, "start")
    os.read(os.pipe()[0], 1)


@limited
def holding_the_gil(number: int) -> None:
    note(number, "start")
    ctypes.PyDLL(None).sleep(3600)


@limited
async def waiting(number: int) -> None:
    note(number, "start")
    await asyncio.sleep(3600)


@limited
async def spinning_async(number: int) -> None:
    note(number, "start")
    while True:
        pass


@limited
async def ignoring(number: int) -> None:
    note(number, "start")
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            note(number, "ignored")


@task(ordered=False)
def neighbour(number: int) -> None:
    note(number, "start")
    time.sleep(2)
    note(number, "end")


@app.post("/add/{name}/{number}")
async def add(name: str, number: int, background_tasks: BackgroundTasks) -> None:
    background_tasks.add_task(globals()[name], number)
