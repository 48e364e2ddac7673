"""That of Huey on Redis."""

from benchmarks.subjects.huey_redis.app import app

__all__ = ["app"]
