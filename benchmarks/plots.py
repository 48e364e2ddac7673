"""Bars and curves as SVG: readable on light and on dark ground, and the same bytes for the same figures."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

# Both stand out against white and against black.
_INK = "#767f88"
_OURS = "#e8590c"
_OTHERS = ("#4c8fd6", "#2f9e6b", "#a37acc", "#b08900", "#c2557a")

_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "afterword",  # Otherwise the ids in it are drawn at random.
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": _INK,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}

_MANY = 20
"""How many times the smallest the largest bar is when only a logarithmic scale shows both."""

_WIDE = 36
"""Characters of a line beside a bar."""


class Bar(NamedTuple):
    label: str
    value: float
    said: str
    """The value in words, written at the end of the bar."""
    ours: bool = False


def bars(path: Path, title: str, shown: Sequence[Bar]) -> None:
    """One below the other, the first on top."""
    with matplotlib.rc_context(_STYLE):
        canvas = Canvas(figsize=(8, 0.9 + 0.34 * len(shown)), layout="constrained")
        axes = canvas.add_subplot()
        places = range(len(shown))
        values = [bar.value for bar in shown]
        colours = [_OURS if bar.ours else _OTHERS[0] for bar in shown]
        start = _scale(axes, values)
        drawn = axes.barh(places, [value - start for value in values], left=start, color=colours, height=0.7)
        axes.bar_label(drawn, [bar.said for bar in shown], padding=4)
        axes.set_yticks(places, [textwrap.fill(bar.label, _WIDE) for bar in shown], fontsize=9)
        axes.set_ylim(len(shown) - 0.5, -0.5)  # The first on top.
        axes.tick_params(axis="y", length=0)
        axes.set_title(title, loc="left")
        _save(canvas, path)


def curves(path: Path, title: str, across: str, up: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    """One line for each name, all over the same two axes, of which the upper begins at 0."""
    with matplotlib.rc_context(_STYLE):
        canvas = Canvas(figsize=(6, 3.2), layout="constrained")
        axes = canvas.add_subplot()
        for (name, points), colour in zip(lines.items(), [_OURS, *_OTHERS], strict=False):
            axes.plot([x for x, _ in points], [y for _, y in points], color=colour, marker="o", markersize=4, label=name)
        xs = sorted({x for points in lines.values() for x, _ in points})
        if xs and xs[0] > 0 and xs[-1] / xs[0] > _MANY:
            axes.set_xscale("log")
        axes.set_xticks(xs, [f"{x:,g}" for x in xs], minor=False)
        axes.tick_params(axis="x", which="minor", length=0, labelbottom=False)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter("{x:,.0f}" if _highest(lines) >= 10 else "{x:g}")
        axes.set_xlabel(across)
        axes.set_ylabel(up)
        axes.set_title(title, loc="left")
        axes.grid(visible=True)
        if len(lines) > 1:
            axes.legend()
        _save(canvas, path)


def _scale(axes: Axes, values: Sequence[float]) -> float:
    """Where the bars begin. Room for the words at the end of the longest; nothing on the axis, since each says its value."""
    least, most, start = min(values), max(values), 0.0
    if least > 0 and most / least > _MANY:
        axes.set_xscale("log")
        start = least / 2
        axes.set_xlim(start, most * (most / start) ** 0.15)
        axes.set_xlabel("logarithmic scale")
    else:
        axes.set_xlim(0, most * 1.15 or 1)
    axes.tick_params(axis="x", which="both", length=0, labelbottom=False)
    axes.spines["bottom"].set_visible(False)
    return start


def _highest(lines: Mapping[str, Sequence[tuple[float, float]]]) -> float:
    return max((y for points in lines.values() for _, y in points), default=0)


def _save(canvas: Canvas, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path, transparent=True, metadata={"Date": None, "Creator": None})
