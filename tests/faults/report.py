"""The table of docs/reliability.md, written from what the tests have found."""

import os
import platform
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

HEADING = """# What happens when something goes wrong

This table is written by `make faults`: by real processes, real signals and a real disk, one test for each fault, under the name
that it has here. *Accepted* are tasks whose request was answered with a success, *lost* those that were never run, *twice*
those that came to their end more than once. *Goes on after* is the time from the fault, or from the restart after it, until
work went on; a dash says that nothing had stopped, or that there was nothing to count.

Each fault is held against the same promises, from outside of the store: the client writes down which tasks were accepted, the
tasks write into a ledger of their own, and at the end the file is read.

| | |
|---|---|
| L1 | what was accepted has ended or waits |
| L2 | nothing runs for a request that was refused or rolled back |
| L3 | once the fault is over, every task comes to its end in bounded time |
| L4 | each claim is settled at most once, and what is stored is what the highest claim came to |
| L5 | with no fault every task runs exactly once; what runs twice is explained by the fault, and counted |
| L6 | attempts and crashes stay within their limits |
| L7 | nothing starts before its time, nor before its request has ended |
| L8 | of one unique key, never two are unfinished |
| L9 | `PRAGMA integrity_check` finds nothing |
| L10 | what is counted is what is there |
"""


@dataclass(frozen=True)
class Row:
    """One fault, as it went."""

    name: str
    injected: str
    promised: str
    outcome: str
    """"pass", "FAIL", or why it could not be tried."""
    figures: Mapping[str, str]


def write(path: Path, rows: Sequence[Row], folder: Path) -> None:
    """Replace the table at `path`; `folder` is where the stores were."""
    _write(path, f"Last full run: {datetime.now(UTC):%Y-%m-%d}, on {_machine(folder)}.", {r.name: _line(r) for r in rows})


def renew(path: Path, rows: Sequence[Row]) -> None:
    """Replace the lines of these faults in the table at `path`, whatever their forms were, and leave the others as the last
    full run has found them."""
    text = path.read_text()
    [when] = re.findall(r"^Last full run: .*", text, re.MULTILINE)
    tried = {row.name.partition("[")[0] for row in rows}
    told = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    told = {name: line for name, line in told.items() if name.partition("[")[0] not in tried}
    _write(path, f"{when.split(' Tried again since: ')[0]}{_again(when, rows)}", told | {r.name: _line(r) for r in rows})


def _again(when: str, rows: Sequence[Row]) -> str:
    before = when.partition(" Tried again since: ")[2].removesuffix(".").split(", ")
    names = {name for name in before if name} | {f"`{row.name}`" for row in rows}
    return f" Tried again since: {', '.join(sorted(names))}."


def _write(path: Path, when: str, told: Mapping[str, str]) -> None:
    lines = [
        HEADING,
        when,
        "",
        "| fault | what is injected | what is promised | | accepted | run | lost | twice | goes on after |",
        "|---|---|---|---|---:|---:|---:|---:|---:|",
    ]
    lines += [told[name] for name in sorted(told)]
    lines += ["", f"{sum('| pass |' in line for line in told.values())} of {len(told)} passed.", ""]
    path.write_text("\n".join(lines))


def _line(row: Row) -> str:
    figures = [row.figures.get(name, "–") for name in ("accepted", "run", "lost", "twice", "recovery")]
    return f"| `{row.name}` | {row.injected} | {row.promised} | {row.outcome} | {' | '.join(figures)} |"


def _machine(folder: Path) -> str:
    from afterword.stores.sqlite.filesystem import type_of

    parts = (
        f"{os.cpu_count()} cores",
        f"{platform.system()} {platform.release().partition('-')[0]}",
        f"{type_of(folder) or 'an unknown file system'}",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
    )
    return ", ".join(parts)
