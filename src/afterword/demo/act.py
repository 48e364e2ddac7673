"""One act: add tasks, kill every process while they wait, start again, and see what comes of them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from afterword.demo import ledger
from afterword.demo.failure import PATIENCE, DemoFailed, wait_until
from afterword.demo.ledger import KINDS, Entry
from afterword.demo.load import add
from afterword.demo.mailbox import Mailbox
from afterword.demo.processes import family, kill
from afterword.demo.scene import Scene, plural
from afterword.demo.server import Server, uvicorn
from afterword.demo.show import Show
from afterword.demo.tally import Tally, tally

CUSTOMERS = 250
"""Who come at first; each gets one task of every kind."""
MORE = 100
"""Who come then, again and again, where the machine is so quick that too few tasks wait."""
MOST = 2_000
"""Customers in all; then the machine is too quick."""
FIRST = 50
"""Tasks that must have run when the processes are killed."""


@dataclass
class Act:
    folder: Path
    mailbox: Mailbox
    show: Show
    waiting: int
    """Tasks that must be waiting when the processes are killed."""
    patience: float
    """Seconds that a server which was started again gets to run the first task that had waited."""
    accepted: set[int] = field(default_factory=set)

    def play(self) -> Tally:
        """Raises DemoFailed where it cannot be played to its end."""
        with uvicorn(self.folder, self.mailbox.port) as server, self.show.watch() as look:
            stage = _Stage(self, server, look)
            self._add(stage)
            victims = family(server.pid)
            kill(list(victims))
        before = len(ledger.read(self.folder))
        waiting = len(self.accepted) * len(KINDS) - before
        killed = ", ".join(f"{role} {pid}" for pid, role in victims.items())
        self.show.say(f"SIGKILL for {killed}, while {waiting} tasks waited.")
        check(waiting, self.waiting)
        began = time.monotonic()
        with uvicorn(self.folder, self.mailbox.port) as server, self.show.watch() as look:
            self.show.say(f"Started again: API {server.pid}.")
            resumed, recovered = self._follow(_Stage(self, server, look, before), began)
        seen = ledger.effects(self.folder, self.mailbox.recipients)
        found = ", ".join(f"{sum(1 for work, _ in seen if work == kind)} {plural(kind)}" for kind in KINDS)
        self.show.say(f"Found afterwards: {found}.")
        return tally(self.accepted, ledger.read(self.folder), seen, resumed, recovered)

    def _add(self, stage: "_Stage") -> None:
        """Customers, until enough tasks wait and some have run."""
        numbers = range(CUSTOMERS)
        while numbers:
            add(stage.server.address, numbers, self.accepted, stage.look)
            short = len(self.accepted) * len(KINDS) - len(stage.look()) < self.waiting + MORE
            numbers = range(numbers.stop, min(numbers.stop + MORE, MOST) if short else numbers.stop)
        wait_until(lambda: len(stage.look()) >= FIRST, f"the first {FIRST} tasks")

    def _follow(self, stage: "_Stage", began: float) -> tuple[float | None, float | None]:
        """Seconds after `began` until the first that had waited was run, and until all had; None for what never came.

        A slow machine gets its time: given up is only what makes no progress.
        """
        expected = len(self.accepted) * len(KINDS)
        resumed = None
        known = stage.before
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline:
            noted = stage.look()
            if len(noted) > known:
                resumed = resumed or time.monotonic() - began
                known = len(noted)
                deadline = time.monotonic() + PATIENCE
            if len({(entry.kind, entry.number) for entry in noted}) >= expected:
                return resumed, time.monotonic() - began
            time.sleep(0.05)
        return resumed, None


def check(waiting: int, least: int) -> None:
    """Raises DemoFailed when too few tasks were waiting for the demo to mean anything."""
    if waiting < least:
        raise DemoFailed(why=f"{waiting} tasks were waiting, not {least}: this machine is too quick for its load.")


class _Stage:
    """A server while it lives, and who looks at it."""

    def __init__(self, act: Act, server: Server, look: Callable[[Scene], None], before: int = 0) -> None:
        self.server = server
        self.before = before
        """Tasks that had run before it was started."""
        self.roles: dict[int, str] = {}
        self._act = act
        self._look = look

    def look(self) -> Sequence[Entry]:
        """Show how it stands, and answer with what has run."""
        self.roles |= family(self.server.pid)
        noted = ledger.read(self._act.folder)
        self._look(Scene(len(self._act.accepted), noted, noted[self.before :], self.roles))
        return noted
