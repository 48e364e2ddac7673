"""FastAPI's own BackgroundTasks with the sample of its documentation: a plain function that writes to a file."""

from importlib.metadata import version

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="stock_sync",
    title=f"FastAPI {version('fastapi')} BackgroundTasks, the documentation's sample",
    one_process=True,
    environment="afterword",
    durable="memory",
    notes="Whatever is added, the task appends a line to a file: a plain function, which costs a thread.",
)
