"""`afterword jobs list`"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from afterword.cli.jobs import spelling
from afterword.cli.jobs.looking import Page
from afterword.jobs.job import Job, State

if TYPE_CHECKING:
    from rich.table import Column

WIDE = 140
"""Columns of a terminal in which task and reason have room beside the rest; else they stand below the id."""

NARROW = 72
"""Columns that the rest needs."""

_ID = 36
"""Characters of an id, and of a task beside it."""

_REST = 116
"""Columns that all but the reason take, at most."""

_STYLES = {State.FAILED.word: "red", State.RUNNING.word: "green", State.CANCELLED.word: "dim"}

HEADINGS = ("id", "state", "task", "attempt", "added", "last error")


def show(out: TextIO, url: str, counts: Mapping[State, int], page: Page, limit: int, now: int) -> None:
    """A table for a person. Where no person looks (a pipe, a file), the same in plain lines that nothing cuts."""
    out.write(f"{spelling.printable(url)}: {census(counts)}\n")
    if page.jobs:
        rows = [_row(job, now) for job in page.jobs]
        if out.isatty():
            _table(out, rows)
        else:
            out.write(plain([HEADINGS, *rows]))
    out.writelines(f"{line}\n" for line in notes(page, limit))


def census(counts: Mapping[State, int]) -> str:
    """How many there are of each state that people know."""
    told = [f"{count:,} {state.word}" for state, count in counts.items() if count or state is not State.HANDED_OFF]
    return ", ".join(told)


def notes(page: Page, limit: int) -> Sequence[str]:
    """What a person is to know besides, and how to go on."""
    if page.stopped_at is not None:
        last = spelling.printable(page.stopped_at.id)
        return [
            f"Time ran out before all jobs were seen: those after {last} are left. Go on with --before {last}, or give it"
            " longer, for example --patience 30."
        ]
    if not page.jobs:
        return ["No such jobs."]
    if len(page.jobs) == limit:
        return [f"Older ones: --before {spelling.printable(page.jobs[-1].id)}"]
    return []


def plain(rows: Sequence[Sequence[str]]) -> str:
    """Columns between spaces."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def _row(job: Job, now: int) -> tuple[str, ...]:
    return (
        spelling.printable(job.id),
        job.state.word,
        spelling.printable(job.task),
        spelling.attempt(job),
        spelling.ago(job.added_at, now),
        spelling.reason(job),
    )


def _table(out: TextIO, rows: Sequence[Sequence[str]]) -> None:
    # Here, since a pipe has no use for it, and it takes its time to import.
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(file=out, markup=False, emoji=False, highlight=False)
    if console.width < NARROW:
        out.write(plain([HEADINGS, *rows]))  # The terminal breaks the lines, and cuts nothing.
        return
    table = Table(*_columns(wide=console.width >= WIDE), box=box.SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        id, state, task, attempt, added, reason = row
        if console.width >= WIDE:
            cells = [id, state, task, attempt, added, _cut(reason, console.width - _REST)]
        else:
            cells = ["\n".join(filter(None, (id, task, _cut(reason, _ID)))), state, attempt, added]
        table.add_row(*cells, style=_STYLES.get(state))
    console.print(table)


def _columns(wide: bool) -> "Sequence[Column]":
    """The id is what a person pastes: it gives way to nothing."""
    from rich.table import Column

    id, state, task, attempt, added, reason = HEADINGS
    first = Column(id, min_width=_ID, max_width=_ID, overflow="fold")
    short = [Column(heading, no_wrap=True) for heading in (state, attempt, added)]
    if not wide:
        return [first, *short]
    return [first, short[0], Column(task, max_width=_ID, overflow="fold"), *short[1:], Column(reason, overflow="fold")]


def _cut(reason: str, room: int) -> str:
    return reason if len(reason) <= room else f"{reason[: room - 1]}…"
