"""What was measured, for readers: docs/benchmarks.md with its plots, and tables on the terminal."""

import importlib
import importlib.util
import json
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rich import box
from rich.console import Console
from rich.table import Table as Shown
from rich.text import Text

from benchmarks import subjects
from benchmarks.curves import curves
from benchmarks.figures import Figure
from benchmarks.page import page
from benchmarks.ratios import FALLEN, Change, changes
from benchmarks.tables import Subjects, Table, found, goal, got, number, tables, verdict

if TYPE_CHECKING:
    from benchmarks.plots import Bar  # Not imported unless it draws: there may be no matplotlib.

RESULTS = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "results.json"


class Results(NamedTuple):
    machine: Mapping[str, str]
    """As `machine.describe` says it."""
    figures: Sequence[Figure]


def save(path: Path, machine: Mapping[str, str], figures: Sequence[Figure]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"machine": dict(machine), "figures": [{**figure._asdict(), "values": dict(figure.values)} for figure in figures]}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")


def read(path: Path) -> Results:
    """What `save` has written; a bare list of figures is taken as well."""
    told: Any = json.loads(path.read_text())
    figures, machine = (told, {}) if isinstance(told, list) else (told["figures"], told["machine"])
    return Results(machine, [Figure(**figure) for figure in figures])


def write(results: Path, out: Path) -> None:
    """Write the page `out` from what lies in `results`, and its plots into the folder beside it that bears its name. Without
    matplotlib there are no plots."""
    machine, figures = read(results)
    every = every_subject()
    drawn = list(_draw(figures, every, out.with_suffix(""))) if importlib.util.find_spec("matplotlib") else []
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page(machine, figures, every, [f"{out.stem}/{name}" for name in drawn]))


def show(figures: Sequence[Figure], console: Console | None = None) -> None:
    """The tables, on the terminal."""
    console = console or Console()
    for table in tables(figures, every_subject()):
        console.print(_shown(table))
        for note in table.notes:
            console.print(f"  {note}", style="dim", markup=False, highlight=False)
        for judgement in table.judgements:
            style = {True: "green", False: "red", None: "yellow"}[judgement.reached]
            said = f"  {goal(judgement.goal)}: {got(judgement)}, {verdict(judgement)}"
            console.print(said, style=style, markup=False, highlight=False)
        console.print()


def quick(figures: Sequence[Figure], before: Path = RESULTS, console: Console | None = None) -> int:
    """Show afterword's ratios beside those of the run that is in `before`, if there is one. The exit code: 1 when one of them
    has fallen by more than a fifth."""
    console = console or Console()
    earlier = read(before).figures if before.exists() else []
    told = changes(found(figures), found(earlier))
    console.print(_compared(told))
    fallen = [change for change in told if change.fallen]
    if fallen:
        said = ", ".join(f"{_named(change)} beside {change.ratio.said}" for change in fallen)
        console.print(f"Fallen by more than {1 - FALLEN:.0%}: {said}.", style="red", markup=False, highlight=False)
    if not earlier:
        console.print("There is no full run to compare with: make bench.", highlight=False)
    elif not fallen:
        console.print(f"None of them is below {FALLEN:.0%} of what the last full run has found.", highlight=False)
    return 1 if fallen else 0


def every_subject() -> Subjects:
    """All that there are, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(subjects.__path__) if module.ispkg)
    return {name: importlib.import_module(f"benchmarks.subjects.{name}").SUBJECT for name in names}


def _draw(figures: Sequence[Figure], every: Subjects, folder: Path) -> Iterator[str]:
    """The names of the plots that were drawn."""
    from benchmarks import plots

    for table in tables(figures, every):
        plot = table.layout.bars
        bars = [] if plot is None else list(_bars(table, plot.value))
        if plot and bars:
            plots.bars(folder / plot.file, plot.title, bars)
            yield plot.file
    for curve in curves(figures, every):
        plots.curves(folder / curve.file, curve.title, curve.across, curve.up, curve.lines)
        yield curve.file


def _bars(table: Table, name: str) -> Iterator["Bar"]:
    from benchmarks.plots import Bar

    for row in table.rows:
        figure = row.figure.values.get(name)
        if figure:
            yield Bar(row.title, figure, number(figure), row.ours)


def _shown(table: Table) -> Shown:
    """Without what the subjects survive, for which a terminal is too narrow."""
    shown = Shown(title=table.layout.heading, title_justify="left", box=box.SIMPLE)
    for column in table.columns:
        if column != "durable":
            shown.add_column(column, justify="left" if column == "subject" else "right")
    for row in table.rows:
        shown.add_row(*map(Text, (row.title, *row.cells[1:])), style="bold" if row.ours else "")
    return shown


def _compared(told: Sequence[Change]) -> Shown:
    shown = Shown(box=box.SIMPLE)
    for column in ("afterword", "beside"):
        shown.add_column(column)
    for column in ("ratio", "before", ""):
        shown.add_column(column, justify="right")
    for change in told:
        of = "" if change.of_before is None else f"{change.of_before - 1:+.0%}"
        cells = [_named(change), change.ratio.said, number(change.now), number(change.before), of]
        shown.add_row(*map(Text, cells), style="red" if change.fallen else "")
    return shown


def _named(change: Change) -> str:
    return f"{change.ratio.measure[0]}. {change.ratio.value}"
