"""What the tests read from jobs."""

import json
from collections.abc import Iterable

from afterword.jobs.job import Job, State


def labels(jobs: Iterable[Job]) -> list[str]:
    return [json.loads(job.arguments)["label"] for job in jobs]


def states(jobs: Iterable[Job]) -> list[State]:
    return [job.state for job in jobs]


def chain(jobs: Iterable[Job]) -> list[str | None]:
    """For each job the label of the one that it was told to follow."""
    jobs = list(jobs)
    by_id = dict(zip([job.id for job in jobs], labels(jobs), strict=True))
    return [by_id[job.after] if job.after else None for job in jobs]
