"""An application that takes orders, and afterwards notes each in an audit log and counts it for the analytics.

A task runs at least once: if its process is killed in the middle, it runs again. So both tasks are written to bear that. The
analytics have the order's id as primary key and cannot count an order twice; a line of the audit log carries the id, so that
its reader knows a line that came twice.

With FastAPI's own BackgroundTasks it would read the same but for two lines: the import below, and `Afterword(app)`.

Run it with `uvicorn orders:app` in this folder, then `curl localhost:8000/orders --json '{"product": "tea", "quantity": 2}'`
and `curl localhost:8000/analytics`.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

from fastapi import FastAPI
from pydantic import BaseModel, Field

from afterword import Afterword, BackgroundTasks

app = FastAPI()
Afterword(app)


class Order(BaseModel):
    product: str
    quantity: int = Field(gt=0)


def write_audit_log(id: UUID, order: Order, at: datetime) -> None:
    line = json.dumps({"id": str(id), "at": at.isoformat(), **order.model_dump()})
    with open("audit.jsonl", mode="a") as log:
        log.write(f"{line}\n")


def count_for_analytics(id: UUID, order: Order) -> None:
    with analytics() as database:
        database.execute("INSERT OR IGNORE INTO sold VALUES (?, ?, ?)", (str(id), order.product, order.quantity))


@app.post("/orders", status_code=202)
async def place_order(order: Order, background_tasks: BackgroundTasks) -> dict[str, UUID]:
    id = uuid4()
    background_tasks.add_task(write_audit_log, id, order, at=datetime.now(UTC))
    background_tasks.add_task(count_for_analytics, id, order)
    return {"id": id}


@app.get("/analytics")
def sold_by_product() -> dict[str, int]:
    with analytics() as database:
        return dict(database.execute("SELECT product, sum(quantity) FROM sold GROUP BY product ORDER BY product").fetchall())


@contextmanager
def analytics() -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect("analytics.db", timeout=30)
    try:
        with database:  # One transaction.
            database.execute("CREATE TABLE IF NOT EXISTS sold (order_id TEXT PRIMARY KEY, product TEXT, quantity INTEGER)")
            yield database
    finally:
        database.close()
