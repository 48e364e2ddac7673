"""RQ calls plain functions by their names."""

from benchmarks.work import burn, noop, rest, stamp

TASKS = {"noop": noop, "stamp": stamp, "rest": rest, "burn": burn}


def arguments(task: str, number: int, seconds: float) -> tuple[int] | tuple[int, float]:
    return (number, seconds) if task in ("rest", "burn") else (number,)
