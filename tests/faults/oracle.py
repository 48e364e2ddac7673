"""What must be true after every fault, asked from outside of the store: of the client, of the ledger, and of the file itself.

The letters are those of docs/reliability.md.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from afterword.jobs.job import Job, State
from afterword.jobs.lifecycle import CRASH_LIMIT, LOSS_LIMIT
from afterword.stores.store import Query
from tests.support.processes import PATIENCE
from tests.system.site import Site


@dataclass(frozen=True)
class Tally:
    """What a fault cost."""

    accepted: int
    """Tasks whose requests were answered with a success."""
    run: int
    """Of these, the ones that have ended well, or failed by their own doing."""
    lost: int
    """Of these, the ones that neither have ended nor will."""
    twice: int
    """Tasks that came to their end more than once."""
    recovery: float | None = None
    """Seconds from the fault (or the restart after it) until work went on; None where nothing had stopped."""


def judge(
    site: Site,
    accepted: Iterable[int],
    *,
    refused: Iterable[int] = (),
    twice_at_most: int = 0,
    unfinished: bool = False,
    failing: Iterable[int] = (),
    cancelled: Iterable[int] = (),
    unwritten: bool = False,
    recovery: float | None = None,
) -> Tally:
    """Hold everything against what is promised; AssertionError names the first promise that is broken.

    `accepted` and `refused` are numbers that the client knows, `twice_at_most` how many tasks the fault explains having run
    again, `failing` those that are to end as failed, `cancelled` those that somebody took back in time. `unfinished`: some may
    still wait. `unwritten`: the disk lost what nobody waited for, once, and with it all processes; a claim is such a thing
    (docs/decisions/0007), so the next attempt may bear the token of the lost one.
    """
    accepted, failing, cancelled = set(accepted), set(failing), set(cancelled)
    jobs = site.jobs()
    starts, ends = site.starts(), site.ends()
    lost = {number for number in accepted if number not in jobs}
    assert not lost, f"L1: accepted and gone: {sorted(lost)}"
    ran = set(refused) & (starts.keys() | jobs.keys())
    assert not ran, f"L2: refused, and there all the same: {sorted(ran)}"
    # One whose worker died may have begun there, before it was put back and cancelled.
    begun = {n: jobs[n].state.word for n in cancelled if starts[n] > jobs[n].lost or jobs[n].state is not State.CANCELLED}
    assert not begun, f"L4: cancelled, and it began all the same: {begun}"
    if not unfinished:
        waiting = {number: job.state.word for number, job in jobs.items() if not job.state.finished}
        assert not waiting, f"L3: never came to an end: {waiting}"
        wrong = {n: jobs[n].error for n in accepted - failing - cancelled if jobs[n].state is not State.SUCCEEDED}
        assert not wrong, f"L3: did not succeed: {wrong}"
        silent = {number for number in accepted - failing - cancelled if not ends[number]}
        assert not silent, f"L4: succeeded without having run: {sorted(silent)}"
    _within_limits(jobs, starts, lost_claims=int(unwritten))
    again = sorted(number for number, count in ends.items() if count > 1)
    assert len(again) <= twice_at_most, f"L5: ran twice, and no fault explains it: {again}"
    site.check()
    with site.store() as store:
        rows = store.find(Query(limit=100_000)).result(PATIENCE)
        counts = store.count().result(PATIENCE)
    _unique_keys_are_unique(rows)
    _counts_are_true(rows, counts)
    run = sum(1 for number in accepted if jobs[number].state.finished)
    return Tally(len(accepted), run, len(lost), len(again), recovery)


def _within_limits(jobs: Mapping[int, Job], starts: Mapping[int, int], *, lost_claims: int) -> None:
    for number, job in jobs.items():
        assert job.attempt <= job.retry.attempts, f"L6: {number} was tried {job.attempt} times of {job.retry.attempts}"
        assert job.crashes <= CRASH_LIMIT and job.lost <= LOSS_LIMIT, f"L6: {number} crashed {job.crashes}, lost {job.lost}"
        # Each start had a claim of its own, and each claim a token of its own.
        assert starts.get(number, 0) <= job.token + lost_claims, (
            f"L4: {number} started {starts[number]} times with {job.token} claims"
        )


def _unique_keys_are_unique(rows: Iterable[Job]) -> None:
    keys = Counter((job.app, job.unique_key) for job in rows if job.unique_key is not None and not job.state.finished)
    several = [key for key, count in keys.items() if count > 1]
    assert not several, f"L8: more than one is unfinished of {several}"


def _counts_are_true(rows: Iterable[Job], counts: Mapping[State, int]) -> None:
    shown = {state: count for state, count in counts.items() if count}
    true = Counter(job.state for job in rows)
    assert shown == true, f"L10: it shows {shown}, and there are {true}"
