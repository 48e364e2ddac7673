"""What is in the store's file: whether it is ours, of which schema, and sound."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection

from afterword.doctor.file import size
from afterword.doctor.finding import Finding, Level
from afterword.errors import SchemaTooNew, StoreError, StoreUnavailable
from afterword.stores import migrations
from afterword.stores.sqlite.connection import meaning, schema
from afterword.stores.sqlite.looking import bounded, cut_short

PATIENCE = 2.0
"""Seconds to look for damage."""

_ENOUGH = 3
"""Signs of damage to ask for."""


def absent(path: Path) -> Finding:
    return Finding(Level.NOTE, f"There is no file {path} yet: it is made when the application starts or adds its first job.")


def examine(connection: Connection, path: Path) -> Iterator[Finding]:
    """Raises a StoreError or sqlite3.Error where nothing can be read; `unreadable` says it."""
    known = migrations.read("afterword.stores.sqlite")
    found = schema(connection, path)
    lacking = migrations.ahead(known, found, str(path))
    if not found:
        yield Finding(Level.NOTE, f"The file {path} is empty: its tables are made when the application starts.")
        return
    yield Finding(Level.FINE, f"The store at {path} ({size(path.stat().st_size)}) has schema {found}.")
    if lacking:
        yield Finding(Level.NOTE, f"The store at {path} has schema {found}: the next start brings it to schema {len(known)}.")
    yield sound(connection, path, PATIENCE)
    yield from quarantined(connection, path)


def sound(connection: Connection, path: Path, seconds: float) -> Finding:
    """What SQLite finds wrong in the file within about `seconds`."""
    signs: list[str] = []
    complete = True
    try:
        with bounded(connection, seconds):
            for (sign,) in connection.execute(f"PRAGMA quick_check({_ENOUGH})"):
                signs.append(sign)
    except sqlite3.OperationalError as error:
        if not cut_short(error):
            raise
        complete = False
    if signs and signs != ["ok"]:
        return damaged(path, signs[0])
    if complete:
        return Finding(Level.FINE, f"The store at {path} is sound.")
    return Finding(
        Level.NOTE,
        f"The store at {path} is too large to be checked for damage in {seconds:g} s; up to there it is sound.",
        f"To check all of it, stop the application first: sqlite3 {path} 'PRAGMA quick_check'",
    )


def quarantined(connection: Connection, path: Path) -> Iterator[Finding]:
    """Rows that were put out of the way, being no jobs."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'quarantine'").fetchone():
        return  # The schema is older.
    found = connection.execute(
        "SELECT reason, count(*) FROM quarantine GROUP BY reason ORDER BY count(*) DESC, reason"
    ).fetchall()
    if found:
        count = sum(number for _, number in found)
        reasons = "; ".join(reason if number == 1 else f"{reason} ({number:,} times)" for reason, number in found[:_ENOUGH])
        yield Finding(
            Level.WARNING,
            f"{count:,} {'row is' if count == 1 else 'rows are'} in quarantine, being no jobs: {reasons}.",
            f"Find out who else writes to the file, and look at them: sqlite3 {path} 'SELECT * FROM quarantine'."
            " Delete them there when they are of no more use.",
        )


def damaged(path: Path, sign: str) -> Finding:
    return Finding(
        Level.FAULT,
        f"The store at {path} is damaged: {' '.join(sign.split())}.",
        f"Stop the application, put the file and its -wal aside, and put back a backup, or save what can be read:"
        f" sqlite3 {path} .recover | sqlite3 recovered.db",
    )


def unreadable(error: Exception, path: Path) -> Finding:
    """Why nothing could be read."""
    told: StoreError = meaning(error, path)
    if isinstance(told, SchemaTooNew):
        what = f"The store at {path} has schema {told.facts['found']}, this afterword knows {told.facts['known']}."
        return Finding(Level.FAULT, what, "Upgrade afterword, or give this one a file of its own.")
    if isinstance(error, StoreUnavailable):
        why, _, mend = str(error.facts["why"]).partition(": ")
        return Finding(
            Level.FAULT, f"The store at {path} cannot be used: {why}.", f"{mend[:1].upper()}{mend[1:]}." if mend else ""
        )
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_CORRUPT:
        return damaged(path, str(error))
    what = f"The store at {path} cannot be used: {told.facts['why']}."
    return Finding(Level.FAULT, what, _MENDS.get(code, "Mend that, or give the jobs a file of their own with store=."))


_MENDS = {
    sqlite3.SQLITE_BUSY: "Find the program that keeps it, and have it let go.",
    sqlite3.SQLITE_NOTADB: 'Give the jobs a file of their own, for example store="sqlite:///afterword.db".',
    sqlite3.SQLITE_CANTOPEN: "Start everything as one user, who may read and write the file and its folder.",
    sqlite3.SQLITE_IOERR: "Look at the disk: the system's log says what failed.",
}
