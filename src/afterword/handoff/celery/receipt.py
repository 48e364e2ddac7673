"""What is noted when a job was handed to Celery."""

import json
from typing import NamedTuple


class Receipt(NamedTuple):
    task_id: str
    """Celery's id of it: ours, unless Celery's workers remember that one as revoked."""
    queue: str | None
    """Where it was sent; None where its route names an exchange only."""
    broker: str | None
    """The number of the broker's present run; another one says that it was restarted. None where it has none."""
    marks: str | None = None
    """The same of the server that keeps the marks."""
    ignored: bool = False
    """Celery keeps no result of it that another process could read."""

    def dump(self) -> str:
        return json.dumps([*self])

    @classmethod
    def load(cls, text: str) -> "Receipt":
        return cls(*json.loads(text))
