"""What is noted when a job was handed to RQ."""

import json
from typing import NamedTuple


class Receipt(NamedTuple):
    token: int
    """That of the RQ job: of an earlier hand-off where one that seemed to fail had not."""
    server: str | None
    """The number of the server's run; another one says that it was restarted, or that another server answers. None where it
    tells none."""

    def dump(self) -> str:
        return json.dumps([*self])

    @classmethod
    def load(cls, text: str) -> "Receipt":
        return cls(*json.loads(text))
