"""The fence at the other end: a mark for each id that says which attempt has begun there, who runs it, and how it ended.

An engine delivers a message twice when it must choose between twice and never. Whoever is to make an attempt asks the mark
first, and renews a lease while it runs; so the second of two messages does nothing while the first one runs or after it has
ended, and goes on where the first one's process died.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from afterword.handoff.envelope import Answer, Idle
from afterword.jobs.outcome import Succeeded
from afterword.values import value

LEASE = 30.0
"""Seconds without a renewal after which whoever ran an attempt is taken for dead."""

KEEP = 14 * 86_400
"""Seconds that a mark outlives its last change."""


class Mark(NamedTuple):
    """What is known of an id. Tokens are 0 where there is none."""

    offered: int = 0
    """The highest token that was handed off."""
    begun: int = 0
    """The highest token of which an attempt has begun."""
    by: str | None = None
    started: int = 0
    """Microseconds since the epoch."""
    answer: Answer | None = None
    """How the attempt `begun` ended."""
    alive: bool = False
    """Whether its lease lives."""
    cancelled: int = 0
    """The highest token that was taken back: its attempt must not begin."""

    def succeeded_before(self, token: int) -> Succeeded | None:
        """The success of a hand-off before `token` that our end has never heard of; it needs no other.

        So it is when a publication seemed to fail and had not. After a cancelled one a person wants another attempt.
        """
        unheard = self.cancelled < self.begun < token and self.answer is not None
        return self.answer.outcome if unheard and self.answer and isinstance(self.answer.outcome, Succeeded) else None


class Run(NamedTuple):
    """One process that makes one attempt."""

    id: str
    token: int
    key: str
    """Unlike that of any other run."""
    by: str
    started: int


@value
class Wait:
    """Whether the attempt may begin cannot be told yet: ask again after `seconds`."""

    seconds: float
    why: str


Refused = Idle | Wait | Succeeded
"""Why an attempt is not made; a success is one that was made before, and stands for it."""


class Marks(Protocol):
    """Where marks are kept. Each may raise whatever its library raises when the place cannot be reached."""

    def begin(self, run: Run, once: bool) -> Refused | None:
        """Mark the attempt as begun, and take its lease; None when it may go on.

        `once`: it must not begin again even where the process that began it has died.
        """
        ...

    def renew(self, run: Run) -> None:
        """Prolong the lease, and write the mark again where it was lost."""
        ...

    def end(self, run: Run, answer: Answer) -> None:
        """Keep the answer, unless a later token has begun or another run of this one has answered."""
        ...

    def read(self, ids: Sequence[str]) -> Sequence[Mark]:
        """The marks, in this order; an empty one where there is none."""
        ...

    def offer(self, id: str, token: int) -> None:
        """Note that the token is handed off."""
        ...

    def cancel(self, id: str, token: int) -> None:
        """Note that the token is taken back."""
        ...


def judge(mark: Mark, run: Run, once: bool, rest: float) -> Refused | None:
    """Whether `run` may begin, and None when it may; `rest` is what is left of the lease, in seconds."""
    if mark.cancelled >= run.token:
        return Idle("it was cancelled")
    latest = max(mark.begun, mark.offered)
    if latest > run.token:
        return Idle(f"this is its hand-off {run.token}, an old one: {latest} has taken its place")
    if mark.begun == run.token and mark.answer is not None:
        return Idle("this attempt has ended already")
    if mark.alive:
        return Wait(max(rest, 0.1), f"{mark.by} runs it, or died less than a lease ago")
    before = mark.succeeded_before(run.token)
    if before is not None:
        return before
    if mark.begun == run.token and once:
        return Idle("the process that began this attempt has died, and it runs at most once")
    return None
