"""`python -m benchmarks`: measure, keep the figures, and report."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from benchmarks import machine, report
from benchmarks.bench import ROOT, Bench, place
from benchmarks.figures import Figure
from benchmarks.measuring import MEASURES, QUICK, in_order, measured, merge


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when a quick run finds that something has become slower."""
    told = _parsed(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    figures: list[Figure] = []
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", file=sys.stderr, flush=True)

    subjects = [subject for name, subject in report.every_subject().items() if name in told.subjects]
    subjects.sort(key=lambda subject: told.subjects.index(subject.name))
    try:
        for figure in measured(Bench(told.store, say), told.only, subjects, quick=told.quick):
            say(_line(figure))
            figures.append(figure)
    except KeyboardInterrupt:
        say("interrupted: what has been measured is kept")
        _keep(told.results, figures, told.quick)
        return 130
    _keep(told.results, figures, told.quick)
    report.show(figures)
    return report.quick(figures) if told.quick else 0


def _keep(results: Path, figures: Sequence[Figure], quick: bool) -> None:
    """In the results, and unless it was quick, on the page that is made of them."""
    if not figures:
        return
    known = report.read(results).figures if results.exists() else []
    report.save(results, machine.describe(place()), merge(known, figures))
    if not quick:
        report.write(results, results.parent.with_suffix(".md"))


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes, ratios only; docs/benchmarks.md stays as it is")
    parser.add_argument("--only", metavar="A,C", help=f"measures: {', '.join(MEASURES)}")
    parser.add_argument("--subjects", metavar="afterword,saq", help="folders of benchmarks/subjects; all by default")
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite", help="what afterword is measured on")
    parser.add_argument("--results", type=Path, help="file of the figures; those of the same measure and subject are replaced")
    told = parser.parse_args(arguments)
    every = in_order(report.every_subject())
    told.only = _chosen(parser, told.only, list(QUICK if told.quick else MEASURES), list(MEASURES))
    told.subjects = _chosen(parser, told.subjects, every, every)
    told.results = told.results or (ROOT / ".bench" / "quick.json" if told.quick else report.RESULTS)
    return told


def _chosen(parser: argparse.ArgumentParser, said: str | None, default: list[str], known: list[str]) -> list[str]:
    if said is None:
        return default
    chosen = [word.strip() for word in said.split(",") if word.strip()]
    if unknown := [word for word in chosen if word not in known]:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(known)}")
    return chosen


def _line(figure: Figure) -> str:
    values = ", ".join(f"{name} {'–' if value is None else f'{value:,.4g}'}" for name, value in figure.values.items())
    return " · ".join(part for part in (figure.measure, figure.subject, values, figure.note) if part)


def _leave(*_: object) -> NoReturn:
    """SIGTERM ends it like Ctrl-C: all that was started is ended too, which takes seconds and is not interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
