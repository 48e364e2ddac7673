"""What `make demo` puts under load: each order takes a fifth of a second, then is noted down with the process that did it."""

import os
import time

from fastapi import FastAPI

from afterword import Afterword, BackgroundTasks

app = FastAPI()
Afterword(app)


def fulfil(number: int) -> None:
    time.sleep(0.2)
    with open("ledger.txt", mode="a") as ledger:
        ledger.write(f"{number} {os.getpid()} {time.time()}\n")


@app.post("/orders/{number}", status_code=202)
async def order(number: int, background_tasks: BackgroundTasks) -> dict[str, int]:
    background_tasks.add_task(fulfil, number)
    return {"order": number, "api": os.getpid()}
