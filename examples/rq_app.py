"""An application of a team that runs RQ already: RQ's workers run its tasks, and none is lost while Redis is away.

They are written down before the client is answered, then handed to RQ; what became of them is written down too.

Run it in this folder, beside a Redis or Valkey server (REDIS_URL says where), with `uvicorn rq_app:app` and, in another
terminal, `rq worker --config rq_app default heavy`. Then `curl -X POST localhost:8000/orders/7` and
`afterword jobs list --app rq_app:app`.
"""

import os

from fastapi import FastAPI
from redis import Redis
from rq import Queue
from rq.decorators import job

from afterword import Afterword, BackgroundTasks, task
from afterword.handoff.rq import RQ

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

redis = Redis.from_url(REDIS_URL)

app = FastAPI()
Afterword(app, handoff={"rq": RQ(Queue(connection=redis)), "heavy": RQ(Queue("heavy", connection=redis))})


@job("default", connection=redis)  # type: ignore[untyped-decorator]
def reserve(order: int) -> str:
    """Was there before afterword, and stays as it is."""
    return f"goods of order {order}"


@task(via="rq")
def write_invoice(order: int) -> str:
    return f"invoice-{order}.pdf"


@task(queue="heavy")  # The whole queue goes to RQ.
async def recommend(order: int) -> list[str]:
    return ["tea", "cake"][: order % 3]


@app.post("/orders/{order}", status_code=202)
async def place_order(order: int, background_tasks: BackgroundTasks) -> dict[str, int]:
    background_tasks.add_task(reserve, order)
    background_tasks.add_task(write_invoice, order)
    background_tasks.add_task(recommend, order)
    return {"order": order}
