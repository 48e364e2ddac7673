"""The door: what a FastAPI application imports."""

from typing import TYPE_CHECKING

from fastapi import Depends

from afterword.background import Tasks
from afterword.fastapi.annotation import annotated
from afterword.fastapi.provide import provide

if TYPE_CHECKING:
    # Type checkers know neither calls nor isinstance with an Annotated.
    BackgroundTasks = Tasks
else:
    BackgroundTasks = annotated(Tasks, Depends(provide))

__all__ = ["BackgroundTasks", "provide"]
