"""The other end: what Celery's workers must know to run our tasks."""

import weakref
from functools import cache
from typing import Any

from celery.backends.redis import RedisBackend  # type: ignore[import-untyped]
from celery.exceptions import SoftTimeLimitExceeded  # type: ignore[import-untyped]

from afterword.handoff.celery.results import marks
from afterword.handoff.envelope import write_answer
from afterword.handoff.marks import LEASE, Marks, Wait
from afterword.handoff.wrapper import perform

NAME = "afterword.attempt"
"""By which Celery knows our wrapper."""

_installed: "weakref.WeakSet[Any]" = weakref.WeakSet()


def install(celery_app: Any, *, lease: float = LEASE) -> None:
    """Let workers of this Celery application run afterword's tasks.

    `lease`: seconds without a sign of life after which the process that ran a task is taken for dead, and another may run it.
    The first call for an application counts.
    """

    @cache  # Made in the process that runs tasks, not in the one that it was forked from.
    def kept() -> Marks | None:
        backend = celery_app.backend
        return marks(celery_app, backend.client if isinstance(backend, RedisBackend) else None, lease)

    def attempt(self: Any, message: Any) -> dict[str, Any]:
        by = self.request.hostname or "a worker of Celery"
        answer = perform(message, by, kept(), lease=lease, too_late=(SoftTimeLimitExceeded,))
        if isinstance(answer, Wait):
            raise self.retry(countdown=answer.seconds, max_retries=None)
        return write_answer(answer)

    if celery_app in _installed:
        return
    _installed.add(celery_app)
    # Not shared: other applications of this process have their own, or none.
    celery_app.task(name=NAME, shared=False, bind=True, max_retries=None, ignore_result=False, serializer="json")(attempt)
