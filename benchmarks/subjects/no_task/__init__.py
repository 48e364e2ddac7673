"""The same endpoint, which adds nothing: what FastAPI and uvicorn cost by themselves."""

from importlib.metadata import version

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="no_task",
    title=f"FastAPI {version('fastapi')}, no task",
    one_process=True,
    environment="afterword",
    durable="nothing",
    notes="Nothing is added.",
)
