"""FastAPI traces its background tasks by itself: inline, the spans are upstream's own."""

from collections.abc import Sequence
from typing import Any

import fastapi
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from afterword import Afterword, BackgroundTasks, task
from tests.door.watched import Watched
from tests.door.work import ran, work, work_async

pytestmark = pytest.mark.skipif(not hasattr(fastapi, "telemetry"), reason="this FastAPI does not trace")

Seen = Sequence[tuple[str, Any, str | None]]


@task(durable=False)
def aside(label: str) -> None:
    ran.append(label)


def fail() -> None:
    raise ValueError("no")


def test_inline_they_are_as_upstream() -> None:
    stock = _spans(fastapi.BackgroundTasks, None)
    ours = _spans(BackgroundTasks, "inline")

    told = [span for span in stock if span[0] == "fastapi.background_task"]
    assert [function for _, function, _ in told] == [
        f"tests.door.{name}" for name in ("work.work", "work.work_async", "test_spans.fail")
    ]
    assert [span for span in ours if span[0] == "fastapi.background_task"] == told


def test_a_task_that_is_not_durable_has_its_span(store: Watched) -> None:
    spans = _spans(BackgroundTasks, "sqlite:///written.db")

    assert [span[1] for span in spans if span[0] == "fastapi.background_task"] == ["tests.door.test_spans.aside"]
    assert len(store.jobs()) == 3


def _spans(annotation: Any, store: str | None) -> Seen:
    """(name, function, error) of each span of a request, in the order of their ends."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = FastAPI(telemetry={"tracer_provider": provider, "metrics": False, "logs": False})
    if store:
        Afterword(app, store=store, worker=False)

    @app.get("/")
    async def endpoint(background_tasks: annotation) -> None:
        background_tasks.add_task(work, "a")
        background_tasks.add_task(work_async, "b")
        if store and store != "inline":
            background_tasks.add_task(aside, "c")
        background_tasks.add_task(fail)

    TestClient(app, raise_server_exceptions=False).get("/")
    return [_seen(span) for span in exporter.get_finished_spans()]


def _seen(span: ReadableSpan) -> tuple[str, Any, str | None]:
    attributes = span.attributes or {}
    error = attributes.get("error.type")
    return span.name, attributes.get("code.function.name"), None if error is None else str(error)
