"""Reports: while one of a number is not through, no second is added."""

import os

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from ledger import note

from afterword import Afterword, BackgroundTasks, task

app = FastAPI()
afterword = Afterword(app)


@task(unique=lambda number: f"report-{number}")
def report(number: int) -> None:
    note(number, "start")
    note(number, "end")


@app.post("/add/{number}")
async def add(number: int) -> dict[str, int | str]:
    return {"pid": os.getpid(), "id": (await afterword.add(report, number)).id}


@app.post("/collect/{number}")
async def collect(number: int, background_tasks: BackgroundTasks) -> StreamingResponse:
    """With the id as it is told after the commit."""
    reference = background_tasks.add_task(report, number)
    return StreamingResponse(reference.id for _ in range(1))
