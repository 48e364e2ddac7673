"""An application of a team that runs Celery already: Celery's workers run its tasks, and none is lost while the broker is away.

They are written down before the client is answered, then handed to Celery; what became of them is written down too.

Run it in this folder, beside a Redis or Valkey server (CELERY_BROKER_URL says where), with `uvicorn celery_app:app` and, in
another terminal, `celery -A celery_app:celery_app worker`. Then `curl -X POST localhost:8000/orders/7` and
`afterword jobs list --app celery_app:app`.
"""

import os

import celery  # type: ignore[import-untyped]
from fastapi import FastAPI

from afterword import Afterword, BackgroundTasks, task
from afterword.handoff.celery import Celery, install

BROKER = os.environ.get("CELERY_BROKER_URL", "redis://127.0.0.1:6379/0")

celery_app = celery.Celery("shop", broker=BROKER, backend=BROKER)
install(celery_app)  # Its workers can run our tasks now.

app = FastAPI()
Afterword(app, handoff={"heavy": Celery(celery_app)})


@celery_app.task  # type: ignore[untyped-decorator]
def reserve(order: int) -> str:
    """Was there before afterword, and stays as it is."""
    return f"goods of order {order}"


@task(via="celery")
def write_invoice(order: int) -> str:
    return f"invoice-{order}.pdf"


@task(queue="heavy")  # The whole queue goes to Celery.
async def recommend(order: int) -> list[str]:
    return ["tea", "cake"][: order % 3]


@app.post("/orders/{order}", status_code=202)
async def place_order(order: int, background_tasks: BackgroundTasks) -> dict[str, int]:
    background_tasks.add_task(reserve, order)
    background_tasks.add_task(write_invoice, order)
    background_tasks.add_task(recommend, order)
    return {"order": order}
