"""What there is to see at one moment of the demo, and the same in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from afterword.demo.ledger import KINDS, Entry
from afterword.demo.tally import by_process


@dataclass(frozen=True, slots=True)
class Scene:
    customers: int
    """How many were accepted; each has one task of every kind."""
    noted: Sequence[Entry]
    """All that have run, from the beginning."""
    now: Sequence[Entry] = ()
    """Those of them that were run by the processes which are there now."""
    roles: Mapping[int, str] = field(default_factory=dict)
    """These processes, and what each is."""

    @property
    def run(self) -> Counter[str]:
        """How many of each kind have run, be it once or more."""
        return Counter(kind for kind, _ in {(entry.kind, entry.number) for entry in self.noted})

    @property
    def processes(self) -> dict[int, Counter[str]]:
        """How many of each kind each process has run, those that ran none included."""
        return {pid: Counter() for pid in self.roles} | by_process(self.now)

    def role(self, pid: int) -> str:
        return self.roles.get(pid, "runner")  # It came and went between two looks.


def progress(scene: Scene) -> str:
    """One line: how far each kind is."""
    return ", ".join(f"{plural(kind)} {scene.run[kind]} of {scene.customers}" for kind in KINDS)


def who_ran_what(scene: Scene) -> list[str]:
    """A line for each process."""
    return [f"{scene.role(pid)} {pid} ran {_amounts(counts)}" for pid, counts in scene.processes.items()]


def plural(kind: str) -> str:
    return f"{kind}s"


def _amounts(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[kind]} {plural(kind)}" for kind in KINDS if counts[kind]) or "none"
