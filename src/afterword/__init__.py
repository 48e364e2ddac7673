"""Background tasks for FastAPI that are written down before the response leaves, run after it, and are never lost."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from afterword.app import Afterword
    from afterword.background import Tasks
    from afterword.errors import (
        AfterwordError,
        ArgumentRefused,
        ArgumentsTooLarge,
        BacklogFull,
        SettingsError,
        StoreError,
        TaskRefused,
        UniqueKeyRefused,
    )
    from afterword.fastapi import BackgroundTasks
    from afterword.jobs.reference import Reference
    from afterword.jobs.retry import Retry
    from afterword.tasks.registry import task
    from afterword.tasks.task import Task

__all__ = [
    "Afterword",
    "AfterwordError",
    "ArgumentRefused",
    "ArgumentsTooLarge",
    "BackgroundTasks",
    "BacklogFull",
    "Reference",
    "Retry",
    "SettingsError",
    "StoreError",
    "Task",
    "TaskRefused",
    "Tasks",
    "UniqueKeyRefused",
    "task",
]

_HOMES = {
    "Afterword": "afterword.app",
    "BackgroundTasks": "afterword.fastapi",
    "Reference": "afterword.jobs.reference",
    "Retry": "afterword.jobs.retry",
    "Task": "afterword.tasks.task",
    "Tasks": "afterword.background",
    "task": "afterword.tasks.registry",
}


def __getattr__(name: str) -> Any:
    # Imported at the first use, so that a worker, which runs no user code, never imports FastAPI.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_HOMES.get(name, "afterword.errors")), name)
    return found
