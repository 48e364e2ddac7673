"""Which engine runs a task."""

from collections.abc import Mapping

import pytest

from afterword.errors import EngineUnknown, OptionsRefused
from afterword.tasks.call import route
from afterword.tasks.registry import task
from afterword.tasks.task import Options, Task
from afterword.tasks.theirs import Theirs

BOTH = {"celery": "celery", "reports": "rq"}


def send() -> None: ...


@pytest.mark.parametrize(
    ("options", "engines", "found"),
    [
        (Options(), BOTH, None),
        (Options(queue="reports"), BOTH, "reports"),
        (Options(queue="reports"), {}, None),
        (Options(via="celery"), BOTH, "celery"),
        (Options(via="celery", queue="reports"), BOTH, "celery"),
        (Options(via="rq"), BOTH, "reports"),
        (Options(via="reports"), BOTH, "reports"),
    ],
)
def test_what_a_task_says_wins_over_its_queue(options: Options, engines: Mapping[str, str], found: str | None) -> None:
    assert route(Task(send, "send", options), engines) == found


@pytest.mark.parametrize("engines", [{}, {"light": "celery", "heavy": "celery"}])
def test_an_engine_that_is_not_there_is_refused(engines: Mapping[str, str]) -> None:
    with pytest.raises(EngineUnknown) as refused:
        route(Task(send, "send", Options(via="celery")), engines)
    assert str(refused.value) == (
        "send is to be handed off via 'celery', which is no engine of this application; it has "
        f"{', '.join(engines) or 'none'}. Name it: Afterword(app, handoff={{'celery': ...}})."
    )


def test_an_engine_s_own_task_brings_its_engine_along() -> None:
    own = Theirs("celery", "proj.add", "proj:add")
    assert route(own, BOTH) == "celery"
    assert route(own, {"heavy": "celery"}) == "heavy"
    assert route(own, {}) == "celery"
    assert route(own, {"light": "celery", "heavy": "celery"}) == "celery"


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(OptionsRefused, match="via must be the name of an engine"):
        task(via="")(send)
