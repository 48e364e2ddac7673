"""One act: add tasks, kill every process while they wait, start again, and see what comes of them."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from afterword.demo import ledger
from afterword.demo.failure import PATIENCE, DemoFailed, wait_until
from afterword.demo.ledger import KINDS, Entry
from afterword.demo.load import add
from afterword.demo.mailbox import Mailbox
from afterword.demo.plot import Plot
from afterword.demo.processes import family, kill, sweep
from afterword.demo.scene import Scene, plural
from afterword.demo.server import Server, environment, uvicorn
from afterword.demo.show import Show
from afterword.demo.tally import Tally, tally

HASTE = 3.0
"""Seconds that a customer who comes late waits for an answer."""


class Beside(Protocol):
    """Who else works for the application, and is killed with it."""

    def roles(self) -> Mapping[int, str]:
        """The processes that are there now, and what each is."""
        ...

    def waiting(self) -> str:
        """Where its tasks wait, in words; empty where all of them wait with the application."""
        ...


class Nobody:
    """The application is all there is."""

    def roles(self) -> dict[int, str]:
        return {}

    def waiting(self) -> str:
        return ""


Company = Callable[[Path, Mapping[str, str]], AbstractContextManager[Beside]]
"""Starts, in a folder and an environment, who works beside the application; and ends them."""


def alone(folder: Path, environment: Mapping[str, str]) -> AbstractContextManager[Beside]:
    """A Company of nobody."""
    return nullcontext(Nobody())


@dataclass
class Act:
    folder: Path
    mailbox: Mailbox
    show: Show
    plot: Plot
    company: Company = alone
    accepted: set[int] = field(default_factory=set)

    def play(self) -> Tally:
        """Raises DemoFailed where it cannot be played to its end."""
        with (
            uvicorn(self.folder, self.plot.application, self.environment) as server,
            self.company(self.folder, self.environment) as beside,
            self.show.watch() as look,
        ):
            stage = _Stage(self, server, beside, look)
            self._add(stage)
            there = beside.waiting()
            victims = stage.present()
            kill(list(victims))
            sweep(self.folder)  # What a worker had forked for one task would go on without it.
        before = len(ledger.read(self.folder))
        waiting = len(self.accepted) * len(KINDS) - before
        killed = ", ".join(f"{role} {pid}" for pid, role in victims.items())
        self.show.say(f"SIGKILL for {killed}, while {waiting} tasks waited{there}.")
        check(waiting, self.plot.waiting)
        began = time.monotonic()
        with uvicorn(self.folder, self.plot.application, self.environment) as server:
            self.show.say(f"Started again: API {server.pid}.")
            if self.plot.late:
                self._add_late(server)
                began = time.monotonic()
            with self.company(self.folder, self.environment) as beside, self.show.watch() as look:
                resumed, recovered = self._follow(_Stage(self, server, beside, look, before), began)
        seen = ledger.effects(self.folder, self.mailbox.recipients)
        found = ", ".join(f"{sum(1 for work, _ in seen if work == kind)} {plural(kind)}" for kind in KINDS)
        self.show.say(f"Found afterwards: {found}.")
        return tally(self.accepted, ledger.read(self.folder), seen, resumed, recovered)

    @property
    def environment(self) -> dict[str, str]:
        """In which everybody works."""
        # Who is killed cannot clear his temporary files away.
        return environment(self.mailbox.port) | {"TMPDIR": str(self.folder)} | dict(self.plot.variables)

    def _add(self, stage: "_Stage") -> None:
        """Customers, until enough tasks wait and some have run."""
        plot = self.plot
        numbers = range(plot.customers)
        while numbers:
            add(stage.server.address + plot.door, numbers, self.accepted, stage.look)
            short = len(self.accepted) * len(KINDS) - len(stage.look()) < plot.waiting + plot.more
            numbers = range(numbers.stop, min(numbers.stop + plot.more, plot.most) if short else numbers.stop)
        wait_until(lambda: len(stage.look()) >= plot.first, f"the first {plot.first} tasks")

    def _add_late(self, server: Server) -> None:
        """Customers for whom only the application is there."""
        numbers = range(self.plot.most, self.plot.most + self.plot.late)
        add(server.address + self.plot.door, numbers, self.accepted, lambda: None, HASTE)
        welcome = len(self.accepted.intersection(numbers))
        self.show.say(
            f"While nobody else was, {len(numbers)} more customers came: {welcome} were accepted within {HASTE:.0f} s."
        )

    def _follow(self, stage: "_Stage", began: float) -> tuple[float | None, float | None]:
        """Seconds after `began` until the first that had waited was run, and until all had; None for what never came.

        A slow machine gets its time: given up is only what makes no progress.
        """
        expected = len(self.accepted) * len(KINDS)
        resumed = None
        known = stage.before
        deadline = time.monotonic() + self.plot.patience
        while time.monotonic() < deadline:
            noted = stage.look()
            if len(noted) > known:
                resumed = resumed or time.monotonic() - began
                known = len(noted)
                deadline = time.monotonic() + PATIENCE
            if len({(entry.kind, entry.number) for entry in noted}) >= expected:
                return resumed, time.monotonic() - began
            time.sleep(0.05)  # What is looked for is done by other processes.
        return resumed, None


def check(waiting: int, least: int) -> None:
    """Raises DemoFailed when too few tasks were waiting for the demo to mean anything."""
    if waiting < least:
        raise DemoFailed(why=f"{waiting} tasks were waiting, not {least}: this machine is too quick for its load.")


class _Stage:
    """A server while it lives, and who looks at it."""

    def __init__(self, act: Act, server: Server, beside: Beside, look: Callable[[Scene], None], before: int = 0) -> None:
        self.server = server
        self.before = before
        """Tasks that had run before it was started."""
        self.roles: dict[int, str] = {}
        self._act = act
        self._beside = beside
        self._look = look

    def present(self) -> dict[int, str]:
        """The processes that are there now, and what each is."""
        return family(self.server.pid) | dict(self._beside.roles())

    def look(self) -> Sequence[Entry]:
        """Show how it stands, and answer with what has run."""
        self.roles |= self.present()
        # Tasks of a customer who went away without an answer may run all the same.
        noted = [entry for entry in ledger.read(self._act.folder) if entry.number in self._act.accepted]
        self._look(Scene(len(self._act.accepted), noted, noted[self.before :], self.roles))
        return noted
