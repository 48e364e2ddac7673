"""What became of a person's wish, in words."""

from typing import Any, NamedTuple

from afterword.cli.jobs.ids import Unfound
from afterword.jobs.job import Job, State
from afterword.stores.store import Change

DONE = {Change.CANCEL: "cancelled", Change.RETRY: "queued again", Change.FORGET: "forgotten"}
_NOT_DONE = {Change.CANCEL: "not cancelled", Change.RETRY: "not retried", Change.FORGET: "not forgotten"}


class Answer(NamedTuple):
    """One job's."""

    id: str
    """As it was typed, where no job was found."""
    done: bool
    why: str | None = None
    """Why it was not done, and what to do."""
    task: str | None = None
    state: str | None = None
    """As it is now; for a forgotten job, as it was."""

    def line(self, change: Change) -> str:
        name = f"{self.id} {self.task}" if self.task else self.id
        if self.done and change is Change.CANCEL and self.state == State.HANDED_OFF.word:
            return f"{name}: its engine is told to cancel it"
        return f"{name}: {DONE[change]}" if self.done else f"{name}: {_NOT_DONE[change]}: {self.why}"

    def facts(self) -> dict[str, Any]:
        return self._asdict()


def unfound(unfound: Unfound) -> Answer:
    return Answer(unfound.typed, done=False, why=unfound.why)


def answer(change: Change, before: Job, after: Job | None, holder: Job | None = None) -> Answer:
    """`before` is the job as it was found, `after` what the store answered to the wish, `holder` who has its unique key."""
    if after is None:
        return Answer(before.id, done=False, why="somebody has forgotten it meanwhile", task=before.task)
    done = _done(change, before, after)
    return Answer(after.id, done, None if done else _why(change, after, holder), after.task, after.state.word)


def _done(change: Change, before: Job, after: Job) -> bool:
    match change:
        case Change.CANCEL:
            told = after.state is State.HANDED_OFF and after.unwanted
            return told or (after.state is State.CANCELLED and before.state is not State.CANCELLED)
        case Change.RETRY:
            # Somebody else may have queued it before: then its token is the same.
            return after.state is State.QUEUED and after.token > before.token
        case Change.FORGET:
            return after.state.finished


def _why(change: Change, job: Job, holder: Job | None) -> str:
    match change, job.state:
        case Change.CANCEL, State.RUNNING:
            return "it is running, and running jobs cannot be cancelled yet; wait until this attempt has ended"
        case Change.CANCEL, _:
            return f"it has ended already ({job.state.word})"
        case Change.RETRY, State.SUCCEEDED:
            return "it has succeeded; to run it again, add it again"
        case ((Change.RETRY | Change.FORGET), State.HANDED_OFF):
            return f"{job.via} has it; wait for its end, or cancel it first"
        case Change.RETRY, State.RUNNING:
            return "it is running; wait until this attempt has ended"
        case Change.RETRY, State.FAILED | State.CANCELLED if holder:
            return (
                f"the unfinished job {holder.id} has its unique key {job.unique_key!r}; wait for that one's end, or cancel it"
            )
        case Change.RETRY, State.FAILED | State.CANCELLED:
            return f"another job had its unique key {job.unique_key!r}, and has ended since; try once more"
        case Change.RETRY, _:
            return f"it is {job.state.word}, and will run without that"
        case Change.FORGET, State.RUNNING:
            return "it is running; only finished jobs can be forgotten, so wait for its end"
        case _:
            return f"it is {job.state.word}; only finished jobs can be forgotten, so cancel it first"
