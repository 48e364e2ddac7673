"""Where the store's file is: its folder, its disk, and what this user may do there."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from afterword.doctor.finding import Finding, Level
from afterword.errors import StoreUnavailable
from afterword.stores.sqlite import filesystem
from afterword.stores.sqlite.checkpoint import OVERDUE

SCARCE = 100_000_000
"""Bytes of free disk below which a warning is given."""

SWOLLEN = 4 * OVERDUE
"""Bytes of log that are there only when nobody can copy it: every process does so past a fourth of it."""

May = Callable[[Path, int], bool]
"""Like os.access."""


def examine(path: Path, type_of: Callable[[Path], str | None] = filesystem.type_of, may: May = os.access) -> Iterator[Finding]:
    """What is said of the place, whether the file is there yet or not."""
    folder = path.parent
    if not folder.is_dir():
        yield Finding(
            Level.FAULT, f"The folder {folder} does not exist, where the store {path.name} is to be.", f"mkdir -p {folder}"
        )
        return
    yield from network(path, type_of)
    yield from rights(path, may)
    yield from space(folder, shutil.disk_usage(folder).free)
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        yield from swollen(log, log.stat().st_size)


def network(path: Path, type_of: Callable[[Path], str | None]) -> Iterator[Finding]:
    try:
        filesystem.refuse_network(path.parent, str(path), type_of)
    except StoreUnavailable as error:
        why, _, mend = str(error.facts["why"]).partition(". ")
        yield Finding(Level.FAULT, f"The store at {path} cannot be used: {why}.", f"{mend}.")


def rights(path: Path, may: May) -> Iterator[Finding]:
    """The file, its folder (where SQLite puts the log), and the folder of the processes' locks."""
    run = path.with_name(f"{path.name}.run")
    wanted = ((path.parent, os.R_OK | os.W_OK | os.X_OK), (path, os.R_OK | os.W_OK), (run, os.R_OK | os.W_OK | os.X_OK))
    for place, access in wanted:
        if place.exists() and not may(place, access):
            yield Finding(
                Level.FAULT,
                f"This user (number {os.geteuid()}) may not read and write {place}.",
                "Start everything as the user whom it belongs to, or give it to this one with chown.",
            )
    if path.is_dir():
        yield Finding(
            Level.FAULT, f"The store at {path} is a folder.", 'Name a file in it, for example store="sqlite:///afterword.db".'
        )
    if run.exists() and not run.is_dir():
        yield Finding(
            Level.FAULT, f"{run} is no folder, and is to hold the locks of the processes.", f"Move it away: mv {run} {run}.old"
        )


def space(folder: Path, free: int) -> Iterator[Finding]:
    if free < SCARCE:
        yield Finding(
            Level.WARNING,
            f"The disk of {folder} has {size(free)} left; when it is full, requests get a 503.",
            "Make room there, or put the store on another disk.",
        )


def swollen(log: Path, bytes: int) -> Iterator[Finding]:
    if bytes > SWOLLEN:
        yield Finding(
            Level.WARNING,
            f"The log {log} has grown to {size(bytes)}: it seems that nobody copies it into the file.",
            "See that a worker is alive, and that no other program keeps a transaction open on the file.",
        )


def size(bytes: int) -> str:
    """For people."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if bytes >= factor:
            return f"{bytes / factor:.1f} {unit}"
    return f"{bytes} bytes"
