"""That of RQ."""

from benchmarks.subjects.rq.app import app

__all__ = ["app"]
