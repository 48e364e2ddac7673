"""What the demo shows: bars and tables where there is a terminal, plain lines where there is none."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from afterword.demo.ledger import KINDS
from afterword.demo.scene import Scene, plural, progress, who_ran_what
from afterword.demo.tally import Tally

PAUSE = 2.0
"""Seconds between two plain lines."""

WIDE = 110
"""Columns where nobody says how many there are."""


class Show:
    def __init__(self, console: Console | None = None) -> None:
        console = console or Console(highlight=False)
        self.console = console if console.is_terminal else Console(file=console.file, highlight=False, width=WIDE)

    def title(self, text: str) -> None:
        self.console.print(f"\n[bold]{text}[/bold]\n", soft_wrap=True)

    def say(self, text: str) -> None:
        self.console.print(text, soft_wrap=True, markup=False)

    @contextmanager
    def watch(self) -> Iterator[Callable[[Scene], None]]:
        """What it gives is called with each scene. The last one stays."""
        if not self.console.is_terminal:
            with self._lines() as look:
                yield look
            return
        with Live(console=self.console, refresh_per_second=10) as live:
            yield lambda scene: live.update(picture(scene))

    def conclude(self, tallies: Mapping[str, Tally]) -> None:
        self.console.print()
        self.console.print(comparison(tallies))

    @contextmanager
    def _lines(self) -> Iterator[Callable[[Scene], None]]:
        last = Scene(0, ())
        due = time.monotonic() + PAUSE

        def look(scene: Scene) -> None:
            nonlocal last, due
            last = scene
            if time.monotonic() >= due:
                due = time.monotonic() + PAUSE
                self.say(f"  {progress(scene)}")

        yield look
        self.say(f"  {progress(last)}")
        for line in who_ran_what(last):
            self.say(f"    {line}")


def picture(scene: Scene) -> Group:
    """A bar for each kind of task, a row for each process."""
    bars = Table.grid(padding=(0, 2))
    for kind in KINDS:
        done = scene.run[kind]
        bar = ProgressBar(total=max(scene.customers, 1), completed=done, width=40)
        bars.add_row(f"  {plural(kind)}", bar, f"{done} of {scene.customers}")
    processes = Table(box=None, padding=(0, 2))
    processes.add_column("process")
    for kind in KINDS:
        processes.add_column(plural(kind), justify="right")
    for pid, counts in scene.processes.items():
        processes.add_row(f"{scene.role(pid)} {pid}", *(str(counts[kind]) for kind in KINDS))
    return Group(bars, processes)


def comparison(tallies: Mapping[str, Tally]) -> Table:
    table = Table(box=None, padding=(0, 1))
    table.add_column("")
    for heading in ("accepted", "run", "lost", "run twice", "goes on after", "all run after"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, count in tallies.items():
        numbers = (count.accepted, count.run, count.lost, count.twice)
        table.add_row(name, *map(str, numbers), _seconds(count.resumed), _seconds(count.recovered))
    return table


def _seconds(after: float | None) -> str:
    return "never" if after is None else f"{after:.1f} s"
