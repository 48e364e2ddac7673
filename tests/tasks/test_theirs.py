"""Tasks of other engines are known by their looks."""

import functools
from collections.abc import Callable
from typing import Any

import celery  # type: ignore[import-untyped]
import pytest
from redis import Redis
from rq.decorators import job

from afterword.tasks.theirs import Theirs, recognise

app = celery.Celery("shop", set_as_current=False)


@app.task(name="shop.reserve")  # type: ignore[untyped-decorator]
def reserve(order: int) -> None: ...


@celery.shared_task(name="shop.weigh")  # type: ignore[untyped-decorator]
def weigh(order: int) -> None: ...


class Stamp(celery.Task):  # type: ignore[misc]
    name = "shop.stamp"


@job("default", connection=Redis())  # type: ignore[untyped-decorator]
def pack(order: int) -> None: ...


def plain(order: int) -> None: ...


@functools.wraps(plain)
def delayed(order: int) -> None: ...


plain.delay = delayed  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("task", "name", "found"),
    [
        (reserve, "shop.reserve", "reserve"),
        (weigh, "shop.weigh", "weigh"),
        (app.register_task(Stamp()), "shop.stamp", "Stamp"),
    ],
)
def test_a_celery_task_is_known_by_its_type(task: Any, name: str, found: str) -> None:
    assert recognise(task) == Theirs("celery", name, f"{__name__}:{found}")


@pytest.mark.parametrize("missing", [(), ("enqueue",), ("delay",)])
def test_an_rq_job_is_known_by_what_its_decorator_hung_on_it(missing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in missing:
        monkeypatch.delattr(pack, name)

    assert recognise(pack) == Theirs("rq", f"{__name__}.pack", f"{__name__}:pack")


@pytest.mark.parametrize("other", [plain, delayed, print, object(), app])
def test_nothing_else_is_taken_for_one(other: Callable[..., Any]) -> None:
    assert recognise(other) is None
