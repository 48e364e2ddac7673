"""Who is to blame for the death of a runner."""

from afterword.jobs import lifecycle
from afterword.jobs.job import Job
from afterword.jobs.outcome import Crashed, Failed, Interrupted, Outcome
from afterword.worker.runner import Death


def blame(death: Death, *, alone: bool) -> list[tuple[Job, Outcome]]:
    """The outcome of each job that a dead runner had in hand.

    A runner that we killed is nobody's fault, but for those whose time was up. Otherwise all that had begun are suspects, and
    one that was alone is to blame. What had not begun is innocent.
    """
    innocent = Interrupted(f"its runner ended: {death.cause}", started=False)
    outcomes: list[tuple[Job, Outcome]] = [(job, innocent) for job in death.unstarted]
    outcomes += [
        (job, Failed(f"{lifecycle.late(job.timeout or 0)}, so its runner was ended", alone=True)) for job in death.late
    ]
    beside = f"its runner was ended, since {death.late[0].task} took longer than its timeout there" if death.late else None
    for job in death.started:
        if death.ours:
            outcomes.append((job, Interrupted(beside or "its worker stopped it", started=True, alone=beside is not None)))
        else:
            outcomes.append((job, Crashed(death.cause, alone=alone)))
    return outcomes
