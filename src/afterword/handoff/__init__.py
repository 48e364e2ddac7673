"""Giving jobs to engines that a team runs already: `from afterword.handoff.celery import Celery`, `... .rq import RQ`.

The job is written down first; a runner hands it to the engine; our worker asks the engine what became of it, and writes that
down. Each engine's file holds both ends, and is the only one that imports the engine's library.
"""
