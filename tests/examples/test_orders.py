"""Orders are noted and counted after the answer, and none is counted twice."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from tests.examples.stock import EXAMPLES, stock
from tests.support.processes import wait_until
from tests.system.site import Site

TEA = {"product": "tea", "quantity": 2}
CAKE = {"product": "cake", "quantity": 1}


@pytest.mark.process
def test_orders_are_noted_and_counted(site: Site) -> None:
    server = site.serve("orders:app", "--app-dir", str(EXAMPLES))

    answers = [httpx.post(f"{server.address}/orders", json=order) for order in (TEA, CAKE, TEA)]

    assert {answer.status_code for answer in answers} == {202}
    wait_until(lambda: sold(server.address) == {"cake": 1, "tea": 4}, "the analytics")
    wait_until(lambda: len(audit(site.folder)) == 3, "the audit log")
    assert {line["id"] for line in audit(site.folder)} == {answer.json()["id"] for answer in answers}
    assert sorted(line["product"] for line in audit(site.folder)) == ["cake", "tea", "tea"]


def test_an_order_that_is_no_order_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert TestClient(stock("orders").app).post("/orders", json={"product": "tea", "quantity": 0}).status_code == 422


def test_an_order_is_counted_once_however_often_its_task_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    orders = stock("orders")

    for _ in range(3):
        orders.count_for_analytics("7b7a", orders.Order(product="tea", quantity=2))

    assert orders.sold_by_product() == {"tea": 2}


def test_without_its_two_lines_it_is_plain_fastapi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    client = TestClient(stock("orders").app)

    order = client.post("/orders", json=TEA).json()

    assert client.get("/analytics").json() == {"tea": 2}
    assert [line["id"] for line in audit(tmp_path)] == [order["id"]]


def sold(address: str) -> Any:
    return httpx.get(f"{address}/analytics").json()


def audit(folder: Path) -> list[dict[str, Any]]:
    path = folder / "audit.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
