"""Whether a settlement still counts."""

import enum
from typing import assert_never

from afterword.jobs.job import State
from afterword.jobs.lifecycle import Settlement
from afterword.stores.store import Verdict


class Judgement(enum.Enum):
    """What to do with a settlement."""

    WRITE = "write"
    REPEATED = "repeated"
    """It was written before, and only the answer was lost: writing it again would count one attempt twice."""
    STALE = "stale"

    @property
    def verdict(self) -> Verdict:
        match self:
            case Judgement.WRITE | Judgement.REPEATED:
                return Verdict.APPLIED
            case Judgement.STALE:
                return Verdict.STALE
            case _:
                assert_never(self)


def judge(settlement: Settlement, state: State, token: int, settled_token: int) -> Judgement:
    """What to do, given the row of the settlement's job.

    The token grows when a job is claimed or changed, not when it is rescued. So a row that still carries the settlement's token
    has been touched by nobody but rescuers, and the outcome is the truth about it, even where a rescuer has meanwhile queued or
    failed it. Only an outcome that would bring a failed job back to life comes too late.
    """
    if token != settlement.token:
        handed_off = state is State.HANDED_OFF and settled_token == settlement.token
        return Judgement.REPEATED if handed_off else Judgement.STALE
    if settled_token == token:
        return Judgement.REPEATED
    if state is State.HELD or (state.finished and not settlement.state.finished):
        return Judgement.STALE
    return Judgement.WRITE
