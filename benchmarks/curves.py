"""How cost grows, from figures to curves."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.figures import Figure
from benchmarks.tables import Subjects, brief, title

_PREFIX = "growth "

_TITLES = {
    "runners": "Draining with more runners",
    "arguments": "Draining jobs with larger arguments",
    "history": "Draining beside a longer history",
    "backlog": "Draining a longer backlog",
    "batch": "Adding more at once",
}
"""Of a curve without one, the name of its measure tells what it is about."""


class Curve(NamedTuple):
    """How one value changes with another, of which each figure is a point."""

    file: str
    title: str
    across: str
    up: str
    lines: Mapping[str, Sequence[tuple[float, float]]]
    """By subject's title, the points from left to right."""
    notes: Sequence[str]


def curves(figures: Sequence[Figure], subjects: Subjects) -> Iterator[Curve]:
    """One for each measure whose name begins with "growth": its figures are the points, of which the first value is what was
    varied, the second what came of it."""
    grown: dict[str, list[Figure]] = {}
    for figure in figures:
        if figure.measure.startswith(_PREFIX):
            grown.setdefault(figure.measure.removeprefix(_PREFIX), []).append(figure)
    for name, points in grown.items():
        axes = next((list(point.values)[:2] for point in points if len(point.values) >= 2), None)
        if axes:
            yield _curve(name, axes[0], axes[1], points, subjects)


def _curve(name: str, across: str, up: str, figures: Sequence[Figure], subjects: Subjects) -> Curve:
    lines: dict[str, dict[float, float]] = {}
    for figure in figures:
        x, y = figure.values.get(across), figure.values.get(up)
        if x is not None and y is not None:
            lines.setdefault(title(figure.subject, subjects), {})[x] = y
    return Curve(
        f"growth-{name.replace(' ', '-')}.svg",
        _TITLES.get(name, f"{up} against {across}"),
        across,
        up,
        {subject: sorted(points.items()) for subject, points in lines.items()},
        [f"{title(figure.subject, subjects)}: {brief(figure.note)}" for figure in figures if figure.note],
    )
