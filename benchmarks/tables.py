"""From figures to tables of words, which Markdown and terminal show alike."""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from benchmarks.figures import Figure
from benchmarks.goals import GOALS, OURS, Found, Goal, Judgement, judge, ratio, value
from benchmarks.layout import LAYOUTS, Compared, Layout
from benchmarks.subject import Subject

Subjects = Mapping[str, Subject]

_NOTHING = "–"

RUN = timedelta(hours=1)
"""No measure takes longer for all subjects together."""


class Row(NamedTuple):
    figure: Figure
    title: str
    ours: bool
    cells: Sequence[str]
    """Durable, the values, the ratio."""


class Table(NamedTuple):
    layout: Layout
    columns: Sequence[str]
    rows: Sequence[Row]
    notes: Sequence[str]
    """Why values are missing, or what happened: one sentence each."""
    judgements: Sequence[Judgement]


def found(figures: Sequence[Figure]) -> Found:
    """By measure and subject; what was measured last counts."""
    return {(figure.measure, figure.subject): figure for figure in figures}


def tables(figures: Sequence[Figure], subjects: Subjects) -> Iterator[Table]:
    """One for each measure of which there are figures."""
    known = found(figures)
    for layout in LAYOUTS:
        measured = [figure for (measure, _), figure in known.items() if measure == layout.measure or measure in layout.variants]
        if measured:
            rows = sorted((_row(layout, figure, known, subjects) for figure in measured), key=lambda row: _place(layout, row))
            yield Table(
                layout,
                ["subject", "durable", *map(heading, layout.columns), *([layout.compared.said] if layout.compared else [])],
                rows,
                [*(f"{row.title}: {brief(row.figure.note)}" for row in rows if row.figure.note), *_apart(rows)],
                judge([goal for goal in GOALS if goal.measure == layout.measure], known) if _of_ours(rows) else [],
            )


def title(name: str, subjects: Subjects) -> str:
    return subjects[name].title if name in subjects else name


def number(value: float | None) -> str:
    """With three digits that count, or all before the point."""
    if value is None:
        return _NOTHING
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


def heading(name: str) -> str:
    """The name of a value, as it is read best."""
    return re.sub(r"\d{4,}", lambda found: f"{int(found[0]):,}", name.replace(" us", " µs"))


def brief(note: str) -> str:
    """On one line, and not a whole traceback."""
    return textwrap.shorten(note, 240, placeholder=" …")


def goal(goal: Goal) -> str:
    """ "jobs/s ≥ 40,000"."""
    sign = "≥" if goal.sense == "at least" else "≤"
    bound = f"{goal.bound:,g}" if goal.against is None else f"{goal.bound:g} × {goal.against.said}"
    return f"{' + '.join(goal.values)} {sign} {bound}"


def got(judgement: Judgement) -> str:
    """In the unit of the bound."""
    said = number(judgement.got)
    return f"{said} ×" if judgement.goal.against and judgement.got is not None else said


def verdict(judgement: Judgement) -> str:
    return {True: "reached", False: "not reached", None: "not measured"}[judgement.reached]


def _apart(rows: Sequence[Row]) -> Sequence[str]:
    """Who was not measured in one run with ours."""
    ours = [datetime.fromisoformat(row.figure.at) for row in rows if row.ours and row.figure.at]
    others = [
        row.title for row in rows if row.figure.at and ours and abs(datetime.fromisoformat(row.figure.at) - ours[0]) > RUN
    ]
    return [f"Measured in an earlier run: {', '.join(others)}."] if others else []


def _of_ours(rows: Sequence[Row]) -> bool:
    return any(row.ours for row in rows)


def _row(layout: Layout, figure: Figure, known: Found, subjects: Subjects) -> Row:
    durable = subjects[figure.subject].durable if figure.subject in subjects else ""
    values = [number(figure.values.get(name)) for name in layout.columns]
    compared = [number(_compared(layout, layout.compared, figure, known))] if layout.compared else []
    variant = layout.variants.get(figure.measure)
    said = title(figure.subject, subjects) + (f", {variant}" if variant else "")
    return Row(figure, said, figure.subject == OURS, [durable, *values, *compared])


def _compared(layout: Layout, compared: Compared, figure: Figure, known: Found) -> float | None:
    """The ratio in the last column."""
    mine = figure.values.get(compared.value)
    if compared.subject is None:
        return ratio(mine, figure.values.get(compared.other))
    return ratio(mine, value(known, layout.measure, compared.subject, compared.other))


def _place(layout: Layout, row: Row) -> tuple[Sequence[tuple[bool, float]], str]:
    """The best first, those without values last, equals by title."""
    sign = -1 if layout.more_is_better else 1
    values = [row.figure.values.get(name) for name in layout.order]
    return [(value is None, sign * (value or 0)) for value in values], row.title
