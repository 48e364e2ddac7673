"""The queue. Run as a module it makes the file, so that no two processes make it at once."""

import json
import os
from pathlib import Path

from litequeue import LiteQueue


def opened() -> LiteQueue:
    """With more patience for the lock than SQLite's 5 s, as its writers do not queue for it."""
    return LiteQueue(Path(os.environ["BENCH_FOLDER"]) / "queue.db", timeout=60)


def data(task: str, number: int, seconds: float) -> str:
    """A job: a name and arguments, as text."""
    return json.dumps([task, number, seconds] if task in {"rest", "burn"} else [task, number])


if __name__ == "__main__":
    opened().close()
