"""FastAPI's own BackgroundTasks, at their best: the task is a coroutine, so no thread is needed."""

from importlib.metadata import version

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="stock",
    title=f"FastAPI {version('fastapi')} BackgroundTasks, async task",
    one_process=True,
    environment="afterword",
    durable="memory",
    notes="In the API process; what was added is gone when it ends.",
)
