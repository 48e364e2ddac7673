"""An application whose annotations are text."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI

import afterword
from afterword import BackgroundTasks
from tests.door.work import work

app = FastAPI()


def get_query(background_tasks: BackgroundTasks, q: str | None = None) -> str | None:
    if q:
        background_tasks.add_task(work, f"found query: {q}")
    return q


@app.post("/{email}")
async def send(email: str, background_tasks: afterword.BackgroundTasks, q: Annotated[str | None, Depends(get_query)]) -> str:
    return background_tasks.add_task(work, f"message to {email}").id
