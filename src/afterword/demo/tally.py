"""What became of the tasks, in numbers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from afterword.demo.ledger import KINDS, Entry, Work


@dataclass(frozen=True, slots=True)
class Tally:
    accepted: int
    run: int
    twice: int
    resumed: float | None
    """Seconds from the restart until the first that had waited was run; None: never."""
    recovered: float | None
    """Seconds from the restart until all had run; None: never."""

    @property
    def lost(self) -> int:
        return self.accepted - self.run


def tally(
    accepted: Iterable[int], noted: Iterable[Entry], seen: Iterable[Work], resumed: float | None, recovered: float | None
) -> Tally:
    """A task has run when its work can be seen; twice, when that can be seen twice, or when it has noted so twice."""
    expected = {(kind, number) for number in accepted for kind in KINDS}
    notes = Counter((entry.kind, entry.number) for entry in noted)
    works = Counter(seen)
    run = expected & works.keys()
    twice = [work for work in run if max(notes[work], works[work]) > 1]
    return Tally(len(expected), len(run), len(twice), resumed, recovered)


def by_process(noted: Iterable[Entry]) -> dict[int, Counter[str]]:
    """How many of each kind each process ran."""
    counts: dict[int, Counter[str]] = {}
    for entry in noted:
        counts.setdefault(entry.pid, Counter())[entry.kind] += 1
    return counts
