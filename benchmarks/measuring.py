"""Which measures and subjects there are, and measuring them."""

import importlib
import importlib.util
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import cast

from benchmarks.bench import Bench, InTurns, Measure
from benchmarks.figures import Figure
from benchmarks.subject import Subject

MEASURES = {
    "limits": "limits",
    "A": "requests",
    "B": "bulk",
    "C": "drain",
    "D": "latency",
    "E": "ping",
    "F": "crash",
    "G": "backlog",
    "H": "footprint",
    "growth": "growth",
}
"""What each is called on the command line, and its module."""

QUICK = ("limits", "A", "B", "C", "D", "G")
"""What two minutes suffice for."""

MACHINE = Subject("", "the machine itself")
"""Whom the limits are measured of."""

FIRST = ("afterword", "stock", "no_task", "stock_sync")


def in_order(names: Iterable[str]) -> list[str]:
    """Afterword and stock first, then the others by name: they are measured one after the other."""
    return sorted(names, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))


def measured(bench: Bench, letters: Iterable[str], subjects: Sequence[Subject], *, quick: bool) -> Iterator[Figure]:
    """The figures, measure by measure; a subject that fails gets one without values, which says why."""
    for letter in letters:
        measure = cast(Measure, importlib.import_module(f"benchmarks.measures.{MEASURES[letter]}"))
        chosen = [MACHINE] if letter == "limits" else [subject for subject in subjects if measure.applies(subject)]
        bench.say(f"== {measure.NAME}")
        for figure in _figures(bench, measure, chosen, quick):
            yield figure._replace(at=datetime.now(UTC).isoformat(timespec="seconds"))


def merge(known: Sequence[Figure], new: Iterable[Figure]) -> list[Figure]:
    """`new` in place of all that is known of the same measure and subject. The points of a curve are one figure each, of the
    same measure and subject; those of one run stay together."""
    new = list(new)
    renewed = {(figure.measure, figure.subject) for figure in new}
    return [figure for figure in known if (figure.measure, figure.subject) not in renewed] + new


def _figures(bench: Bench, measure: Measure, subjects: Sequence[Subject], quick: bool) -> Iterator[Figure]:
    """Those that want to be measured in turns come first."""
    names: Sequence[str] = getattr(measure, "TOGETHER", ())
    in_turns = [subject for name in names for subject in subjects if subject.name == name]
    if in_turns:
        bench.say(f"-- in turns: {', '.join(subject.title for subject in in_turns)}")
        together = partial(cast(InTurns, measure).measure_together, bench, in_turns, quick=quick)
        yield from _attempted(bench, measure.NAME, in_turns, together)
    for subject in subjects:
        if subject not in in_turns:
            bench.say(f"-- {subject.title}")
            yield from _attempted(bench, measure.NAME, [subject], partial(measure.measure, bench, subject, quick=quick))


def _attempted(
    bench: Bench, name: str, subjects: Sequence[Subject], measure: Callable[[], Iterator[Figure]]
) -> Iterator[Figure]:
    """What cannot be measured must not end the measuring of the others."""
    told = set()
    try:
        for figure in measure():
            told.add(figure.subject)
            yield figure
    except Exception as error:
        bench.say("".join(traceback.format_exception(error)))
        said = (str(error).strip() or repr(error)).splitlines()[0][:200]
        for subject in subjects:
            if subject.name not in told:
                yield Figure(name, subject.name, {}, note=f"could not be measured: {said}")
