"""Afterword itself, from this clone."""

from importlib.metadata import version

from benchmarks.subject import Subject

SUBJECT = Subject(
    name="afterword",
    title=f"afterword {version('afterword')}",
    workers=[["afterword", "worker", "benchmarks.subjects.afterword.app:app"]],
    stores_itself=True,
    # A backlog of a million is measured, and that is where it begins to refuse.
    settings={"AFTERWORD_MAX_QUEUED": "10000000"},
    durable="fsync",
    notes="Default settings, but for more than a million waiting jobs. Its own environment.",
)
