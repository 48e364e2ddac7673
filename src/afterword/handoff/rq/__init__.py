"""Handing jobs to RQ: `RQ(queue)` at our end; `run` is what RQ's own workers call for a task of ours."""

from afterword.handoff.rq.engine import RQ, of
from afterword.handoff.rq.running import run

__all__ = ["RQ", "of", "run"]
